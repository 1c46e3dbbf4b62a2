"""Images: the toolchains in boxes.

- ``image``: an image's folder, its digest, and what this host provides for it.
- ``python``: the Python installation of embedded boxes. ``node``: their npm packages. ``locked``: one installer at
  a time. ``toolchain``: keeps the toolchain's files in memory.
"""
