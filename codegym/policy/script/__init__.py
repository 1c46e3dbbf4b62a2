"""Policies that follow a script.

- ``script``: the script itself, with noop, fixed answers and replay. ``gold``: makes the reference solution.
- ``chance``: valid calls by chance. ``expert``: shows a tiny policy what moves there are.
"""
