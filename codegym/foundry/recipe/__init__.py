"""Suites made from a recipe: packages of an index, pinned.

- ``recipe``: reads ``recipe.toml``. ``make_lock``: finds the tasks. ``lock``: the lock file that holds them.
- ``materialise``: from a line of the lock to a task. ``build``: the suite in the cache, checked by digest.
"""
