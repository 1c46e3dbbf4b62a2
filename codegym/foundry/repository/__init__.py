"""What the foundry reads of a repository. Nothing of it is imported or run here, except tests in a box.

- ``origin``: a folder, a source distribution or a git repository. ``git``: a repository's objects.
- ``declared``: what a Python project declares. ``setup_py``: the literals in a ``setup.py``.
- ``project``: sources, tests and the command that runs them. ``equip``: the image with what the project needs.
- ``reach``: which tests pass, and which lines each of them reaches.
"""
