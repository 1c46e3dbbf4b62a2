"""Attacks on the reward, as data, and the code that plays them against a suite. See :mod:`codegym.redteam.siege`.

- ``attack``: reads attacks; they are in ``corpus/``. ``plant``: an attack as a scripted policy.
- ``siege``: plays many attacks and reports the results.
"""
