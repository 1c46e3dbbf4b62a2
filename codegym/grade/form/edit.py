"""Edits of a test file, as a bank of forms keeps them, and places in the text of a Python module.

Positions are bytes of the file as it is, so that an edit means the same whatever reads the file.
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
    """The bytes from ``start`` to ``end`` of a file, and the text that replaces them."""

    start: int
    end: int
    text: str


Edits = tuple[Edit, ...]


def edited(content: bytes, edits: Iterable[Edit]) -> bytes:
    """Return ``content`` after ``edits``. Raises ValueError if two of them overlap."""
    pieces, done = [], 0
    for start, end, text in sorted(edits):
        if start < done:
            raise ValueError(f"two edits overlap at byte {start}")
        pieces += [content[done:start], text.encode()]
        done = end
    return b"".join([*pieces, content[done:]])


def overlap(one: Iterable[Edit], other: Iterable[Edit]) -> bool:
    """Return whether an edit of ``one`` touches bytes that an edit of ``other`` touches."""
    spans = sorted([(edit.start, edit.end) for edit in (*one, *other)])
    return any(first[1] > second[0] or first == second for first, second in pairwise(spans))


@dataclass(frozen=True)
class Text:
    """The bytes of a Python module, in UTF-8."""

    text: bytes

    @cached_property
    def lines(self) -> list[int]:
        """The position of each line's first byte."""
        return [len(_BOM) * self.text.startswith(_BOM), *accumulate(len(line) + 1 for line in self._split)]

    @property
    def _split(self) -> list[bytes]:
        return self.text.split(b"\n")

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return the position of the first byte of ``node``, and of the first one after it."""
        end = self.lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        return self.lines[node.lineno - 1] + node.col_offset, end

    def of(self, node: ast.expr | ast.stmt) -> bytes:
        """Return how ``node`` is written."""
        return self.text[slice(*self.span(node))]
