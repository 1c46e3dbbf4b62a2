"""Sandboxes: where code that nobody trusts is run. See :mod:`codegym.sandbox.protocol`.

- ``protocol``: what a backend and a box are; all that the rest of codegym knows of either.
- ``backend``: backends by name. ``doctor``: what works on this machine. ``fake``: a box without walls, for tests.
- ``lay``: puts files over a box's base tree, through the protocol alone.
- ``bwrap/``: the embedded backend. ``docker/``: the backend over a Docker engine, the only place that imports
  docker.
- ``layered/``: the open box that both share: its channel, its layers, what changed, what was left in it.
- ``pool/``: boxes opened ahead, lent and renewed.
- ``image/``: toolchains. ``runner/``: the C programs in a box and their build.
- ``host/``: control groups, limits, leases and folders of the host.

``tests/test_structure.py`` has the order in which these may import each other.
"""
