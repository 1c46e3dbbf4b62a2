"""Boxes in Docker. Nothing outside this folder imports docker, which is slow to import.

- ``backend``: opens boxes. ``engine``: asks the engine what it is and what it allows.
- ``image``: builds and names images. ``container``: the settings that all containers of ours share.
- ``cell``: a container that holds one workspace after another. ``mount``: hands it the mounts of base trees.
- ``volume``: a box whose workspace the engine mounts, for engines that forbid namespaces. ``layers``: its folders.
- ``wire``: the byte streams to the runner. ``census``: which containers are open, and whose they are.
- ``residue``: looks for what the last user left in a box.
"""
