"""Line ends of edited files: text that an agent writes gets the line ends of the place where it is inserted.

An agent does not see whether lines end with CR LF, and most models write LF only.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def line_end(text: str, at: int) -> str:
    """Return the line end of the line at index ``at``, or of the one before; a line feed if there is none."""
    end = text.find("\n", at)
    if end < 0:
        end = text.rfind("\n", 0, at)
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def with_line_ends(text: str, end: str) -> str:
    """Return ``text`` with every line ended by ``end``."""
    return text.replace("\r\n", "\n").replace("\n", end)


def python_lines(text: str) -> list[str]:
    """Return the lines of a text with their line ends, as Python counts them: a lone CR ends a line too."""
    return _LINE.findall(text)


def without_line_ends(text: str) -> list[str]:
    """Return the lines of a text without their line ends, as Python counts them; the last one may be empty."""
    return re.split(r"\r\n|\r|\n", text)


def spans_of(old: str, text: str) -> list[tuple[int, int]]:
    """Return the spans of ``old`` in ``text``; LF and CR LF match each other."""
    if "\r\n" not in text and "\r\n" not in old:
        return [(at, at + len(old)) for at in _positions(old, text)]
    pattern = r"\r?\n".join(re.escape(line) for line in old.replace("\r\n", "\n").split("\n"))
    return [match.span() for match in re.finditer(pattern, text)]


def _positions(old: str, text: str) -> list[int]:
    positions, at = [], text.find(old)
    while at >= 0:
        positions.append(at)
        at = text.find(old, at + len(old))
    return positions
