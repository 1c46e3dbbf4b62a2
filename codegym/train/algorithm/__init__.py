"""What a phase can do: ``sft``, ``grpo`` and ``evaluation``, one module each.

- ``protocol``: what a phase is, and what it may use. ``settings``: the keys of its table. ``registry``: the
  algorithms by name.
- ``rollouts`` plays episodes with the model that is being trained; ``teaching`` leaves out what teaches nothing;
  ``budget`` ends training in time;
  ``trl_config`` passes ``[phase.trl]`` to TRL.

A new algorithm is a module here, a class in ``settings`` and a line in ``registry``.
"""
