"""Boxes in Docker. Nothing outside this folder imports docker, which is slow to import.

- ``backend``: the backend ``docker``. ``cell``: its containers, each of which contains one workspace after
  another. ``mount``: passes base trees to a running container. ``residue``: checks what the last user left in a
  box.
- ``volume_backend``: the backend ``docker-volume``. ``volume``: its boxes, whose workspace the engine mounts.
- ``engine``: the connection that both use. ``engine_info``: whether an engine can run our boxes.
- ``image``: builds and names images. ``container``: the settings that all our containers share.
- ``layers``: folders on the host's disk. ``wire``: the byte streams to the runner.
- ``census``: which containers are open, and whose they are. ``abandoned``: removes what dead owners left.
"""
