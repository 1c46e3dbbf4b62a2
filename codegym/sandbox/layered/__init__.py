"""The open box whose workspace is layers of an overlay, shared by bwrap and docker.

- ``box``: the box; it needs a cell from its backend. ``channel``: frames to and from the runner in the box.
- ``layers``: snapshot, restore and fork of layers. ``store``: the folders that base trees lie in.
- ``changes``: reads what changed from the upper layers. ``residue``: looks for what the last user left.
"""
