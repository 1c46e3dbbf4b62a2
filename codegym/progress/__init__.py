"""How far long work is, and how long it will take.

- ``protocol``: the function that long work calls. ``bars``: a bar per kind of work, for the command line.
- ``display``: the phases of a training run.
"""
