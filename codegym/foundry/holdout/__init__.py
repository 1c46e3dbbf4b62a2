"""Holds tests out of the agent's tree, and makes further ones, so that special cases do not pay.

- ``hold_out``: what is hidden of one draft's tests. ``choose``: which may be held out. ``open_project``:
  what it is about.
- ``unit``: names of what is held out. ``cut``: removes it from test files, and with it what only
  it used (``orphan``); ``module`` reads Python, ``javascript`` the other.
- ``characterise``: makes tests of recorded calls (``vary``: and of others like them). ``evaluate``: finds out what
  comes of calls (``inbox/`` goes into boxes). ``example``: writes them as a test file.
- ``hidden``: what a task hides. ``task_parts``: the parts of a task that depend on it. ``guard``: the tests that a
  repair must not break. ``run_changed``: runs tests with some files changed.
"""
