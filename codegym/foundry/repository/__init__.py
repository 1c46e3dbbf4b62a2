"""Reads a repository. Nothing in it is imported or run, except its tests, in a box.

- ``origin``: a folder, a source distribution or a git repository. ``git``: a repository's objects.
- ``declared``: the name, version and requirements of a Python project. ``setup_py``: the literals in a
  ``setup.py``.
- ``project``: sources, tests and the command that runs them. ``javascript/``: the same for JavaScript, and npm's
  packages. ``native``: the same for C. ``results``: how a command reports its tests.
- ``equip``: the image with the packages that the project needs. ``extension``: builds extension modules.
  ``derived_image``: an image from another one.
- ``functions``: the functions of Python files. ``calls``: which of them call each other.
- ``reach``: which tests pass, and which lines each of them runs.
"""
