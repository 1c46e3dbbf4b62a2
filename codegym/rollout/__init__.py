"""Makes episodes: a policy in an env, many at once, each written down when it ends.

- ``job``: one attempt at one task. ``player``: what makes an episode of a job; ``play``: the plainest player.
- ``engine``: :func:`~codegym.rollout.engine.rollout`, which other packages call; ``crew``: its threads; ``retry``:
  what is tried again after a failure of the machine, and how often.
- ``record``: an episode from its parts. ``log``: episodes on disk. ``metrics``: a run in a few numbers.
  ``export``: episodes as Parquet.
"""
