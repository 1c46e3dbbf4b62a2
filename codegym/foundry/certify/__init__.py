"""Executes what tasks claim: the gold patch resolves, no patch does not, and always so.

- ``certify``: certifies a suite. ``store``: keeps certificates, and goes on after a stop.
- ``repeat``: runs a task's tests again and again. ``condition``: under which conditions (``inbox/`` goes into
  boxes).
- ``workspace``: what is in the box in each state of a task. ``weigh``: from runs to a certificate or a refusal.
"""
