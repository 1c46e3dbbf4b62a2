"""The console script ``codegym``: parsing and printing only, one module a verb.

- ``app``: loads a verb and turns errors into exit codes (``exits``). Most other modules are named after their
  verb; ``exporting``, ``importing``, ``grading`` and ``listing`` are ``export``, ``import``, ``grade`` and
  ``list``, ``evaluate`` is ``eval``.
- ``setting``: the options that ``run`` and ``eval`` share. ``output``: what goes to stdout and what to stderr.
- ``box``: a box for a person's hands. ``person``, ``typed``: a person as a policy, and what they type.
"""

from codegym.cli.app import app

__all__ = ["app"]
