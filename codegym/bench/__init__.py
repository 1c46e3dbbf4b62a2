"""Measurements that ship with the product, so that a claim can be checked where it matters.

- ``sandbox``: how quick and how small sandboxes are. ``subjects``, ``peers``, ``room``: what it measures.
  ``orphan``: what is left when a box's owner is killed. ``trace``: what a program has on the machine.
- ``grading``: what grading costs beyond the tests.
- ``kill``: runs that are killed at random moments. ``holding``: what such a run has on the machine.
- ``timing``: medians and percentiles. ``machine``: the machine in a few words.
"""
