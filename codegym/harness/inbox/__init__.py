"""Programs that run inside a box, where they are sent as text. codegym itself imports none of them.

- ``supervisor``: starts pytest in a process of its own (``pytest_child``) and reports its result. ``addopts``:
  which of a repository's options are used.
- ``warm``: a server that has imported pytest already. ``compiler``: compiles modules for later runs.
"""
