"""Tools that change one line of the function in focus, by the number in its excerpt.

Indentation is relative to the function, as the excerpt shows it. A text without leading spaces is indented like
the line that it replaces, or as belongs below the line that it follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from codegym.tool.call import ToolError, ToolResult
from codegym.tool.compact.locate import focused, set_focus
from codegym.tool.compact.suspect import Suspect
from codegym.tool.line_end import with_line_ends
from codegym.tool.spec import compact_tool
from codegym.tool.workbench import Workbench

_STEP = "    "

Number = Annotated[int, Field(ge=1, description="the number shown with the line")]
NewLine = Annotated[str, Field(description="the line, without its number")]


@dataclass(frozen=True)
class _Place:
    """A line of the function in focus: ``rows[index]``, without its line end."""

    suspect: Suspect
    rows: list[str]
    index: int

    @property
    def text(self) -> str:
        return self.rows[self.index].removesuffix("\r")

    @property
    def line_end(self) -> str:
        return "\r\n" if self.rows[self.index].endswith("\r") else "\n"

    def indented(self, text: str, default: str) -> str:
        """Return a new line's text: its own indentation is added to the function's; without one, ``default``."""
        if not text.strip() or not text.startswith(" "):
            return (default + text.strip()).rstrip()
        return (_indentation(self.rows[self.suspect.first - 1]) + text).rstrip()

    def write(self, bench: Workbench, rows: list[str]) -> None:
        """Put ``rows`` in place of the line."""
        end = "\r" if self.line_end == "\r\n" else ""
        changed = [*self.rows[: self.index], *(row + end for row in rows), *self.rows[self.index + 1 :]]
        bench.write(self.suspect.path, "\n".join(changed))
        set_focus(bench, replace(self.suspect, last=self.suspect.last + len(rows) - 1))


@compact_tool
def fix(
    bench: Workbench,
    line: Number,
    old: Annotated[str, Field(description="text that stands exactly once in that line")],
    new: Annotated[str, Field(description="what to put in its place")],
) -> ToolResult:
    """Replace a piece of one line of the function in focus."""
    place = _place(bench, line)
    count = place.text.count(old) if old else 0
    if count != 1:
        raise ToolError(f"{old!r} stands {count} times in line {line}: {place.text.strip()}", f"{count} matches")
    if old == new:
        raise ToolError("That edit changes nothing.", "no change")
    after = place.text.replace(old, with_line_ends(new, place.line_end))
    place.write(bench, [after])
    return _changed(place, after)


@compact_tool
def rewrite(bench: Workbench, line: Number, text: NewLine = "") -> ToolResult:
    """Replace one line of the function in focus; without a text, delete it."""
    place = _place(bench, line)
    after = place.indented(text, _indentation(place.text))
    if after == place.text:
        raise ToolError("That edit changes nothing.", "no change")
    place.write(bench, [after] if text.strip() else [])
    return _changed(place, after)


@compact_tool
def add(bench: Workbench, line: Number, text: NewLine) -> ToolResult:
    """Add a line below a line of the function in focus."""
    place = _place(bench, line)
    deeper = _STEP if place.text.rstrip().endswith(":") else ""
    added = place.indented(text, _indentation(place.text) + deeper)
    place.write(bench, [place.text, added])
    return _changed(place, added)


def _place(bench: Workbench, line: int) -> _Place:
    suspect = focused(bench)
    if suspect is None:
        raise ToolError("Nothing is in focus: call locate first.", "locate first")
    rows = bench.read(suspect.path).split("\n")
    number = suspect.first + line - 1
    if number > min(suspect.last, len(rows)):
        raise ToolError(f"The function has {suspect.last - suspect.first + 1} lines.", "no such line")
    return _Place(suspect, rows, number - 1)


def _changed(place: _Place, after: str) -> ToolResult:
    where = f"{place.suspect.path}:{place.index + 1}"
    return ToolResult(f"{where} is now: {after.strip()}" if after.strip() else f"{where}: deleted.", "ok")


def _indentation(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" \t"))]
