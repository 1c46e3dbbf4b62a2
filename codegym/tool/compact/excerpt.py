"""An excerpt of one function, in as few characters as its repair needs.

Lines are numbered from the function's first line, so that the numbers are small. The number is a comment at the
end of the line, since a model reads from left to right. ``*`` marks the most suspicious lines of the function. Of
the docstring the first paragraph is shown, in one line; comments are left out; a long function is cut around the
marked lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Annotated

from pydantic import Field

from codegym.tool.cut import clip

MOST_LINES = 40
LONGEST_LINE = 120
DOCSTRING_CHARS = 240

_Line = Annotated[int, Field(ge=1, le=1_000_000)]
_Score = Annotated[float, Field(ge=0, le=1e9)]


@dataclass(frozen=True)
class Suspect:
    """A function that failing tests run. Line numbers are the file's, from 1.

    ``score`` is the highest Ochiai score of its lines, raised if tests are named after it; ``hot`` are the lines
    with that score; ``docstring`` has its first and last line.
    """

    path: str
    name: str
    first: _Line
    last: _Line
    score: _Score = 0.0
    hot: Sequence[_Line] = ()
    docstring: tuple[()] | tuple[_Line, _Line] = ()

    def lines(self) -> list[int]:
        """Return the file's line numbers that an excerpt shows: at most :data:`MOST_LINES`."""
        skipped = range(self.docstring[0], self.docstring[1] + 1) if self.docstring else range(0)
        lines = [n for n in range(self.first, self.last + 1) if n not in skipped]
        if len(lines) <= MOST_LINES:
            return lines
        start = next((i for i, n in enumerate(lines) if n in self.hot), 0)
        start = max(0, min(start - 2, len(lines) - MOST_LINES))
        return lines[start : start + MOST_LINES]


def excerpt(suspect: Suspect, source: Sequence[str]) -> str:
    """Return the function's name and numbered lines; ``source`` are the file's lines."""
    numbers = [number for number in suspect.lines() if number <= len(source)]
    text = dedent("\n".join(source[n - 1].rstrip() for n in numbers)).split("\n")
    rows = [
        (n, f"{line[:LONGEST_LINE]} #{n - suspect.first + 1}{'*' if n in suspect.hot else ''}")
        for n, line in zip(numbers, text, strict=True)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if suspect.docstring:
        first, last = suspect.docstring
        rows = sorted([*rows, (first, _summary(source[first - 1 : last]))])
    return "\n".join([suspect.name, *(row for _, row in rows)])


def _summary(docstring: Sequence[str]) -> str:
    """Return the first paragraph of a docstring in one line, cut if it is long."""
    paragraph = "\n".join(docstring).strip().strip("rRuUbB").strip("\"'").strip().split("\n\n")[0]
    return f'    """{clip(" ".join(paragraph.split()), DOCSTRING_CHARS)}"""'
