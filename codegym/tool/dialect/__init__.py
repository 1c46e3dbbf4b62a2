"""Dialects: ways to write tool calls as text.

- ``protocol``: the interface. ``tagged``, ``native``, ``shell``, ``line``: one dialect each.
- ``text``: the sentences with which most system prompts begin. ``thought``: removes a model's thoughts.
"""

from __future__ import annotations

from codegym.errors import ConfigError, unknown
from codegym.tool.dialect.line import LineDialect
from codegym.tool.dialect.native import Native
from codegym.tool.dialect.protocol import Dialect
from codegym.tool.dialect.shell import Shell
from codegym.tool.dialect.tagged import Tagged

__all__ = ["DIALECTS", "Dialect", "dialect"]

DIALECTS: dict[str, Dialect] = {one.name: one for one in (Native(), Tagged(), Shell(), LineDialect())}


def dialect(name: str) -> Dialect:
    """Return a dialect by name. Raises :class:`ConfigError` with the nearest match."""
    if name not in DIALECTS:
        raise ConfigError(unknown("dialect", name, DIALECTS))
    return DIALECTS[name]
