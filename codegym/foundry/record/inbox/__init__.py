"""The recorder's programs, which run inside a box. codegym itself imports none of them.

- ``names``: public names of functions and classes. ``values``: writes values as Python source.
- ``objects``: the objects that a test has made so far. ``calls``: records calls, as a plugin of pytest.
- ``prepare``: does what comes before a call. ``replay``: makes calls again, in a process of its own.
"""
