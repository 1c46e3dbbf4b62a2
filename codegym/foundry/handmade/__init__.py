"""Suites that a person writes by hand.

- ``template``: the files of a new suite, with one small task.
- ``complete``: writes ``task.toml`` for folders of tasks that have none, from what their tests do with and without
  the solution.
"""
