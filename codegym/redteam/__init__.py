"""Attacks on the reward, as content, and what plays them against a suite. See :mod:`codegym.redteam.siege`.

- ``attack``: what an attack is; the attacks are in ``corpus/``. ``plant``: plays its script. ``siege``: plays
  many.
"""
