"""A model behind an OpenAI-compatible server.

- ``policy``: the policy. ``settings``: the user's settings. ``client``: sends requests, with limits and retries.
- ``answer``: reads an answer. ``context_full``: recognises errors that mean that the context is full.
"""
