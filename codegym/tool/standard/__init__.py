"""The tools that every dialect may offer.

- ``look``: view a file, list files, search. ``edit``: change files, and undo. ``run``: a command, the compiler,
  tests.
"""
