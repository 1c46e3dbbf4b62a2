"""Indentation of Python lines: how deep a line is, and how much deeper the line below it belongs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

STEP = "    "

_STRING = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
_CODE = re.compile(rf"(?:[^#'\"]|{_STRING})*(?=#)")
"""What is before a comment."""


def indentation(text: str) -> str:
    """Return the spaces and tabs that a line begins with."""
    return text[: len(text) - len(text.lstrip(" \t"))]


def opens_block(text: str) -> bool:
    """Return whether a line ends with a colon; a comment after it does not count."""
    before_comment = _CODE.match(text)
    return (before_comment[0] if before_comment else text).rstrip().endswith(":")


def step(rows: Sequence[str]) -> str:
    """Return by how much a function with these lines indents a block: as it does first; otherwise four spaces."""
    rows = [row for row in rows if row.strip()]
    for above, below in pairwise(rows):
        start, deeper = indentation(above), indentation(below)
        if opens_block(above) and deeper.startswith(start) and deeper != start:
            return deeper[len(start) :]
    return "\t" if any(indentation(row).startswith("\t") for row in rows) else STEP
