"""Benchmarks that ship with the product, so that users can check its claims on their own machines.

- ``sandbox``: the speed and size of sandboxes. ``contenders``, ``peers``, ``workspace``: what it compares.
  ``orphan``: what remains when the owner of boxes is killed. ``trace``: a program's processes, mounts, control
  groups and folders.
- ``grading``: the cost of grading beyond the tests.
- ``kill``: kills runs at random moments. ``holding``: all that such a run has on the machine.
- ``timing``: medians and percentiles. ``machine``: a short description of the machine.
"""
