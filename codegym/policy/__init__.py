"""Policies: what answers an observation. See :mod:`codegym.policy.protocol`.

- ``protocol``: what a policy and its side of an episode are. ``lookup``: from a user's words to a policy.
- ``chat``: how an episode becomes tokens.
- ``script/``: policies without a model. ``local/``: a model in this process, the only place here that imports
  torch.
- ``endpoint/``: a model behind a chat completions server.
"""
