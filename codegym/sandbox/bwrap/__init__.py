"""The embedded sandbox: bubblewrap boxes, without a daemon and without root.

- ``backend``: opens boxes. ``keeper``: talks to the process that holds a box's mounts.
- ``system``: the box's root and bubblewrap's argv. ``stage``: where a box writes, in memory or on disk.
- ``host``: what this machine allows, found by trying. ``census``: which boxes are open here, and whose they are.
- ``residue``: looks for what the last user left in a box.
"""
