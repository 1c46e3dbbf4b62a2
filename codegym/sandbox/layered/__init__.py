"""The open box whose workspace consists of overlay layers, shared by bwrap and docker.

- ``box``: the box; its backend provides a cell. ``channel``: runs commands through the runner in the box.
  ``files``: reads, writes and deletes files through it.
- ``layers``: snapshot, restore and fork of layers. ``store``: the folders that contain base trees.
- ``changes``: reads what changed from the upper layers. ``residue``: checks what the last user left.
"""
