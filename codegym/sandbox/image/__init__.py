"""Images: the toolchains that boxes offer.

- ``image``: finds an image, digests it, and resolves it on this host.
- ``python``: the Python installation of embedded boxes. ``toolchain``: keeps the toolchain's files in memory.
"""
