"""Defines edits of a test file, and finds the positions of nodes in a Python file.

Positions count bytes of the original file, so that an edit does not depend on how the file is decoded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"


class Edit(NamedTuple):
    """A replacement of the bytes from ``start`` to ``end`` of a file by ``text``."""

    start: int
    end: int
    text: str


Edits = tuple[Edit, ...]


def apply_edits(content: bytes, edits: Iterable[Edit]) -> bytes:
    """Return ``content`` after ``edits``. Raises ValueError if two of them overlap."""
    pieces, done = [], 0
    for start, end, text in sorted(edits):
        if start < done:
            raise ValueError(f"two edits overlap at byte {start}")
        pieces += [content[done:start], text.encode()]
        done = end
    return b"".join([*pieces, content[done:]])


def overlap(one: Iterable[Edit], other: Iterable[Edit]) -> bool:
    """Return whether an edit of ``one`` and an edit of ``other`` change the same bytes."""
    spans = sorted([(edit.start, edit.end) for edit in (*one, *other)])
    return any(first[1] > second[0] or first == second for first, second in pairwise(spans))


@dataclass(frozen=True)
class Text:
    """A Python file in UTF-8, with the positions of its nodes."""

    text: bytes

    @cached_property
    def lines(self) -> list[int]:
        """The position of the first byte of each line."""
        return [len(_BOM) * self.text.startswith(_BOM), *accumulate(len(line) + 1 for line in self._split)]

    @property
    def _split(self) -> list[bytes]:
        return self.text.split(b"\n")

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return the positions of the first byte of ``node`` and of the first byte after it."""
        end = self.lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        return self.lines[node.lineno - 1] + node.col_offset, end

    def source_of(self, node: ast.expr | ast.stmt) -> bytes:
        """Return the bytes of ``node``."""
        return self.text[slice(*self.span(node))]
