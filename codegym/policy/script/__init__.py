"""Policies that follow a script.

- ``script``: the base of all scripts, and noop, fixed answers and replay. ``gold``: makes the reference solution.
- ``chance``: random valid calls. ``expert``: demonstrates the moves for a tiny policy.
"""
