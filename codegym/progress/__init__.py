"""How far long work is, and how long it will take.

- ``protocol``: the function that long work calls. ``bars``: shows its progress, on a terminal and elsewhere.
- ``display``: shows the phases of a training run in the same way.
"""
