"""Benchmarks that ship with the product, so that users can check its claims on their own machines.

- ``sandbox``: the speed and size of sandboxes. ``contenders``, ``peers``, ``workspace``: what it compares.
  ``orphan``: what remains when the owner of boxes is killed. ``trace``: what a program has on the machine.
- ``grading``: the cost of grading beyond the tests.
- ``kill``: kills runs at random moments. ``holding``: what such a run has on the machine.
- ``timing``: medians and percentiles. ``machine``: a short description of the machine.
"""
