"""Records what a package's tests call, and what comes of it, in a box.

- ``call``: recorded calls, as data. ``record``: runs tests and records. ``replay``: makes a call again.
- ``inbox/``: the programs that run in the box.
"""
