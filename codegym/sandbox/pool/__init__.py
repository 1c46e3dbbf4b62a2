"""Boxes opened ahead of demand and handed out again.

- ``pool``: the pool, a backend over another backend. ``loan``: a box on loan from it.
- ``canary``: compares what a box looks like from inside with what it looked like when it was new.
"""
