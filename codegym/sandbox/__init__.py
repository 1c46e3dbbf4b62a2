"""Sandboxes: where untrusted code runs. See :mod:`codegym.sandbox.protocol`.

- ``protocol``: the interfaces of a backend and of a box; the rest of codegym uses nothing else of either.
- ``backend``: backends by name. ``doctor``: what works on this machine. ``fake``: a box without isolation, for
  tests.
- ``lay``: puts changed files into a new box, through the protocol alone.
- ``bwrap/``: the embedded backend. ``docker/``: the two backends over a Docker engine; nothing else imports
  docker.
- ``layered/``: the box of ``bwrap`` and ``docker``: its channel, its layers, its changes, what a user left in it.
- ``pool/``: boxes opened in advance, lent and renewed.
- ``image/``: toolchains. ``runner/``: the C programs in a box and their build.
- ``host/``: control groups, limits, leases and folders of the host.

``tests/test_structure.py`` has the order in which these may import each other.
"""
