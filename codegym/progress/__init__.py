"""How far long work is, and how long it will take.

- ``protocol``: the function that long work calls. ``bars``: what shows it, on a terminal and elsewhere.
- ``display``: the phases of a training run, shown by the same.
"""
