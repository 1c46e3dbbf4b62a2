"""Tasks in a real repository at a commit.

- ``instance``: what all such formats share. ``language``: the language of the tests, and how their log is read.
- ``swebench``, ``swe_smith``, ``r2e_gym``, ``multi_swe_bench``: a format each.
- ``own_row``: rows that codegym exported.
"""
