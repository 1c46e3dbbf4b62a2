"""A transformers model in this process.

- ``policy``: answers many episodes at once. ``conversation``: one episode's ids. ``sampling``: the settings.
- ``generate``: samples one batch. ``draw``: ids from logits. ``cache``: keeps keys and values between answers.
- ``load``: models and adapters. ``verify``: checks at load that what is generated is what the model says.
"""
