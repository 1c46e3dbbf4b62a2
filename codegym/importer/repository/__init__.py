"""Tasks in a real repository at a commit.

- ``instance``: what all these formats share. ``language``: the language of the tests, and the dialect of their
  log.
- ``swebench``, ``swe_smith``, ``r2e_gym``, ``multi_swe_bench``: one format each.
- ``own_row``: rows that codegym exported.
"""
