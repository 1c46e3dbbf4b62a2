"""From a patch to a verdict that the agent can't reach.

- ``grade``: every step in order. ``subject``: the task, its test files and the backend. ``protected``: the paths
  that never become part of a patch.
- ``exam``: draws which forms of the tests are run. ``room``: runs them in one box. ``judge``: turns the results
  into a verdict.
- ``form/``: makes the forms, which are edits of tests.
"""
