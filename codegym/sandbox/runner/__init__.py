"""The C programs that boxes are started with, and the small ``etc/`` of an embedded box.

- ``build``: compiles them, once per source and compiler.
- ``serve.c``: the runner, first process of a box. ``keep.c``: the keeper, which holds an embedded box's mounts.
- ``*.h``: their parts: root, stage, layers, workspace, system call filter.
"""
