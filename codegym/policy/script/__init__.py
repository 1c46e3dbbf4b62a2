"""Policies that follow a script.

- ``script``: the base of all scripts, and noop, fixed answers and replay. ``translate``: plays recorded calls in
  another dialect.
- ``gold``: makes the reference solution. ``repair``: makes it line by line, as a small policy would.
- ``chance``: random valid calls. ``baseline``: the best that scripts do with a small policy's tools.
"""
