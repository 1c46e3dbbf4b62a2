"""Tools that change one line of the function in focus, by the number in its excerpt.

Indentation is relative to the function, as the excerpt shows it. A text without leading spaces is indented like
the line that it replaces, or as belongs below the line that it follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from codegym.tool.call import ToolError, ToolResult
from codegym.tool.compact.indent import indentation, opens_block, step
from codegym.tool.compact.listing import focused, move
from codegym.tool.compact.suspect import Shift, Suspect
from codegym.tool.line_end import python_lines, without_line_ends
from codegym.tool.spec import compact_tool
from codegym.tool.workbench import Workbench

Number = Annotated[int, Field(ge=1, description="the number shown with the line")]
NewLine = Annotated[str, Field(description="the line, without its number")]


@dataclass(frozen=True)
class _Place:
    """A line of the function in focus: ``rows[index]``. Rows are the file's lines, with their line ends."""

    suspect: Suspect
    rows: list[str]
    index: int

    @property
    def text(self) -> str:
        return self.rows[self.index].rstrip("\r\n")

    @property
    def margin(self) -> str:
        return indentation(self.rows[self.suspect.first - 1])

    @property
    def step(self) -> str:
        return step([row.rstrip("\r\n") for row in self.rows[self.suspect.first - 1 : self.suspect.last]])

    def indented(self, text: str, default: str) -> str:
        """Return a new line's text: its own indentation is added to the function's; without one, ``default``."""
        if not text.strip() or not indentation(text):
            return (default + text.strip()).rstrip()
        return (self.margin + text).rstrip()

    def rewritten(self, text: str) -> str:
        """Return the line's new text. A line of a string may be less indented than its function, and stays so."""
        if self.text.strip() and not self.text.startswith(self.margin) and not text.startswith(self.margin):
            return text.rstrip()
        return self.indented(text, indentation(self.text))

    def write(self, bench: Workbench, texts: list[str]) -> None:
        """Put ``texts`` in place of the line."""
        own = self.rows[self.index].removeprefix(self.text)
        before = self.rows[self.index - 1] if self.index else ""
        end = own or before.removeprefix(before.rstrip("\r\n")) or "\n"
        lines = [line for text in texts for line in without_line_ends(text)]
        new = [end.join(lines) + own] if lines else []
        bench.write(self.suspect.path, "".join([*self.rows[: self.index], *new, *self.rows[self.index + 1 :]]))
        move(bench, Shift(self.suspect.path, self.index + 1, 1, len(lines)))


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
    after = place.text.replace(old, new)
    place.write(bench, [after])
    return _changed(place, after)


@compact_tool
def rewrite(bench: Workbench, line: Number, text: NewLine = "") -> ToolResult:
    """Replace one line of the function in focus; without a text, delete it."""
    place = _place(bench, line)
    after = place.rewritten(text)
    if after == place.text:
        raise ToolError("That edit changes nothing.", "no change")
    place.write(bench, [after] if text.strip() else [])
    return _changed(place, after)


@compact_tool
def add(bench: Workbench, line: Number, text: NewLine) -> ToolResult:
    """Add a line below a line of the function in focus."""
    place = _place(bench, line)
    deeper = place.step if opens_block(place.text) else ""
    added = place.indented(text, indentation(place.text) + deeper)
    place.write(bench, [place.text, added])
    return _changed(place, added)


def _place(bench: Workbench, line: int) -> _Place:
    suspect = focused(bench)
    if suspect is None:
        raise ToolError("Nothing is in focus: call locate first.", "locate first")
    rows = python_lines(bench.read(suspect.path))
    number = suspect.first + line - 1
    if number > min(suspect.last, len(rows)):
        raise ToolError(f"The function has {suspect.last - suspect.first + 1} lines.", "no such line")
    return _Place(suspect, rows, number - 1)


def _changed(place: _Place, after: str) -> ToolResult:
    where = f"{place.suspect.path}:{place.index + 1}"
    return ToolResult(f"{where} is now: {after.strip()}" if after.strip() else f"{where}: deleted.", "ok")
