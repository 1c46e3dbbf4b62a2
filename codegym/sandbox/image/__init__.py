"""Images: the toolchains in boxes.

- ``image``: finds an image, digests it, and provides it from this host.
- ``python``: the Python installation of embedded boxes. ``toolchain``: keeps the toolchain's files in memory.
"""
