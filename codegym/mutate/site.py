"""What operators need to know of a place: the source, the positions of nodes, and the names around it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange

TextEdit = tuple[int, int, str]
"""Start and end, in characters, and the new text between them."""


@dataclass(frozen=True)
class SourceText:
    """The source of a module, and the positions of its nodes."""

    source: str
    line_starts: tuple[int, ...]
    range_of: Callable[[cst.CSTNode], CodeRange]

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return a node's character offsets, without the whitespace and parentheses around it."""
        where = self.range_of(node)
        start = self.line_starts[where.start.line - 1] + where.start.column
        end = self.line_starts[where.end.line - 1] + where.end.column
        text = self.source[start:end]
        return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())

    def of(self, node: cst.CSTNode) -> str:
        """Return a node's text."""
        start, end = self.span(node)
        return self.source[start:end]

    def line(self, node: cst.CSTNode) -> int:
        """Return the line, from 1, on which a node starts."""
        return int(self.range_of(node).start.line)

    def column(self, node: cst.CSTNode) -> int:
        """Return the column, from 0, at which a node starts."""
        return int(self.range_of(node).start.column)

    def line_of(self, offset: int) -> int:
        """Return the line, from 1, of a character offset."""
        return bisect_right(self.line_starts, offset)

    def replace(self, node: cst.CSTNode, new: str) -> Iterator[TextEdit]:
        """Yield the edit that replaces ``node`` by ``new``."""
        start, end = self.span(node)
        yield start, end, new


@dataclass(frozen=True)
class Site:
    """The ``function`` around a node. ``names`` maps each of its local variables to the line that binds it first.

    ``attributes`` are those that it reads from ``self``.
    """

    text: SourceText
    names: dict[str, int]
    attributes: tuple[str, ...]
    function: cst.FunctionDef

    def of(self, node: cst.CSTNode) -> str:
        """Return a node's text."""
        return self.text.of(node)

    def others(self, name: str, line: int) -> list[str]:
        """Return up to two other local variables that are bound before ``line``: the neighbours of ``name``."""
        bound = [other for other, since in self.names.items() if since < line or other == name]
        return _neighbours(bound, name)

    def other_attributes(self, name: str) -> list[str]:
        """Return up to two other attributes that the same function reads from ``self``."""
        return _neighbours(list(self.attributes), name)


Operator = Callable[[Any, Site], Iterator[TextEdit]]
"""Yields the edits that one kind of mistake makes at a node, which is of the type that the operator is for."""


def line_starts(source: str) -> tuple[int, ...]:
    """Return the character offset at which each line starts; lines end as libcst counts them."""
    return (0, *(end.end() for end in re.finditer(r"\r\n?|\n", source)))


def _neighbours(names: list[str], name: str) -> list[str]:
    """Return the names after and before ``name`` in a list whose ends meet."""
    if name not in names:
        return []
    at = names.index(name)
    around = [names[(at + 1) % len(names)], names[at - 1]]
    return [other for other in dict.fromkeys(around) if other != name]
