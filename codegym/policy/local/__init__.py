"""A transformers model in this process.

- ``policy``: answers many episodes at once. ``generate``: samples one batch. ``cache``: keeps keys and values
  between answers.
"""
