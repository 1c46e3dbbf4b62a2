"""Checks what tasks claim by running them: the gold patch resolves, the empty patch does not, every time.

- ``certify``: certifies a suite. ``store``: writes the certificates, and resumes after a stop.
- ``repeat``: runs a task's tests several times. ``condition``: what differs between these runs (``inbox/`` goes
  into boxes).
- ``memoriser``: a cheat that every task has to defeat.
- ``workspace``: the files in the box in each state of a task. ``weigh``: turns the runs into a certificate or a
  refusal.
"""
