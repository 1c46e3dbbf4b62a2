"""Sandboxes: where code that nobody trusts is run. See :mod:`codegym.sandbox.protocol`."""
