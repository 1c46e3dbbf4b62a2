"""Makes suites from a recipe, which is a list of pinned packages of an index.

- ``recipe``: reads ``recipe.toml``. ``make_lock``: finds the tasks. ``lock``: the lock file, which contains them.
- ``materialise``: turns a line of the lock into a task. ``build``: writes the suite into the cache and checks
  its digests.
"""
