"""Policy and env make episodes: many at once, each written down as it ends.

- ``play``: one episode. ``job``: what to play. ``engine``: many at once. ``crew``: its threads, and what they
  catch.
- ``log``: episodes on disk. ``export``: as Parquet. ``metrics``: a run in a few numbers.
"""
