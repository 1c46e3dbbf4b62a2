"""Boxes opened in advance, lent, and lent again.

- ``pool``: the pool, a backend over another backend. ``loan``: a box on loan from it.
- ``canary``: compares how a box looks from inside with how it looked when it was new.
"""
