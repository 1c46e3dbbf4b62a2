"""Policies: they choose the next action from the observation. See :mod:`codegym.policy.protocol`.

- ``protocol``: the interfaces of a policy and of one episode with it. ``lookup``: makes a policy from a name.
- ``answers``: how answers are drawn and limited, for any policy with a model.
- ``chat``: turns an episode into tokens with a chat template; ``template``: what a chat template can render.
- ``script/``: policies without a model. ``local/``: a model in this process, the only place here that imports
  torch.
- ``endpoint/``: a model behind a chat completions server.
"""
