"""The console script ``codegym``: parsing and printing only, one module a verb."""

from codegym.cli.app import app

__all__ = ["app"]
