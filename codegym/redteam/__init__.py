"""Attacks on the reward, as content, and what plays them against a suite. See :mod:`codegym.redteam.siege`."""
