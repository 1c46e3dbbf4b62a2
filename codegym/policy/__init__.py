"""Policies: what answers an observation. See :mod:`codegym.policy.protocol`."""
