"""A function that failing tests run: where it is, how suspicious it is, and where it is after an edit."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

MOST_LINES = 40
MOST_NAME_CHARS = 500
MOST_PATH_CHARS = 1_000

_Line = Annotated[int, Field(ge=1, le=1_000_000)]
_Score = Annotated[float, Field(ge=0, le=1e9)]


@dataclass(frozen=True)
class Shift:
    """In the file ``path``, ``removed`` lines from line ``at`` on were replaced by ``added`` lines."""

    path: str
    at: int
    removed: int
    added: int

    def back(self) -> Shift:
        """Return the shift that takes this one back."""
        return replace(self, removed=self.added, added=self.removed)

    def line(self, number: int) -> int | None:
        """Return what number a line has now; ``None`` if it is gone."""
        if number < self.at:
            return number
        if number >= self.at + self.removed:
            return number + self.added - self.removed
        return min(number, self.at + self.added - 1) if self.added else None


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

    def moved(self, shift: Shift) -> Suspect:
        """Return where the function is after an edit. ``last`` is before ``first`` if all its lines are gone."""
        if self.path != shift.path:
            return self
        docstring = [line for line in map(shift.line, self.docstring) if line]
        return replace(
            self,
            first=shift.line(self.first) or shift.at,
            last=self.last + (shift.added - shift.removed if self.last >= shift.at + shift.removed - 1 else 0),
            hot=tuple(dict.fromkeys(line for line in map(shift.line, self.hot) if line)),
            docstring=(docstring[0], docstring[1]) if len(docstring) == 2 else (),
        )


def checked(suspect: Suspect) -> Suspect:
    """Return a suspect that a box named. Raises :class:`ValueError` if no function can be there."""
    first, last = suspect.first, suspect.last
    bounds = [*suspect.hot, *suspect.docstring]
    if not all(first <= line <= last for line in [last, *bounds]) or list(suspect.docstring) != sorted(
        suspect.docstring
    ):
        raise ValueError("its lines are out of order")
    path = suspect.path
    is_plain = path.isprintable() and len(path) <= MOST_PATH_CHARS and not path.startswith(("/", "../"))
    if not is_plain or path in {".", ".."} or path != posixpath.normpath(path):
        raise ValueError("its path is not one of a file in the repository")
    if len(suspect.name) > MOST_NAME_CHARS or not all(part.isidentifier() for part in suspect.name.split(".")):
        raise ValueError("its name is not one of a function")
    return suspect
