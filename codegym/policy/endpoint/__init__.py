"""A model behind an OpenAI-compatible server.

- ``policy``: the policy. ``settings``: what a user says of an endpoint. ``client``: requests, paced and tried
  again.
- ``answer``: reads an answer. ``context_full``: recognises errors that mean that the context is full.
"""
