"""Places in the text of a Python module, by the nodes of its syntax tree, and changes of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate


@dataclass(frozen=True)
class Edit:
    """The bytes from ``start`` to ``end`` of a source, and what stands there instead."""

    start: int
    end: int
    text: bytes


Edits = tuple[Edit, ...]


@dataclass(frozen=True)
class Text:
    """A module's text with plain ends of lines."""

    text: bytes

    @cached_property
    def lines(self) -> list[int]:
        """The first byte of each line."""
        return [0, *accumulate(len(line) + 1 for line in self.text.split(b"\n"))]

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return the first byte of ``node``, and the one behind it."""
        end = self.lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        return self.lines[node.lineno - 1] + node.col_offset, end

    def of(self, node: ast.expr | ast.stmt) -> bytes:
        """Return how ``node`` is written."""
        return self.text[slice(*self.span(node))]

    def changed(self, edits: Iterable[Edit], start: int, end: int) -> bytes:
        """Return what stands from ``start`` to ``end`` after those ``edits`` that are there; of two, the first."""
        pieces, done = [], start
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            if done <= edit.start and edit.end <= end:
                pieces += [self.text[done : edit.start], edit.text]
                done = edit.end
        return b"".join([*pieces, self.text[done:end]])
