"""Training: the only place that knows TRL and the optimiser. See :mod:`codegym.train.run`.

- ``run``: a training run. ``config``: its TOML. ``folder``: its folder. ``budget``: its seconds.
- ``warmup``: supervised training, on the conversations of ``corpus``. ``grpo``: GRPO. ``tiny``: a tiny policy from
  nothing.
"""
