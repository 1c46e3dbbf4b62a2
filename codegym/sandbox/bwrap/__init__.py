"""The embedded sandbox: bubblewrap boxes, without a daemon and without root.

- ``backend``: opens boxes. ``keeper``: talks to the process that mounts a box's root and workspace.
- ``system``: the box's root and bubblewrap's argv. ``stage``: where a box writes, in memory or on disk.
- ``capabilities``: what this machine allows. ``census``: which boxes are open here, and whose they are.
- ``residue``: checks what the last user left in a box.
"""
