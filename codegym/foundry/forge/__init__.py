"""From a repository to a suite of certified tasks.

- ``forge``: the whole way. ``survey``: which tests can be trusted, and what they reach.
- ``cast``: from a draft to a task. ``history``: tasks from past commits. ``chain``: several small tasks as one.
- ``anchor``: the trees that a suite keeps. ``write``: the suite on disk.
"""
