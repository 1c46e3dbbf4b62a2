"""Line ends of files that an agent edits: what it writes with line feeds gets those of the place it goes to.

An agent sees lines, not what ends them, and most write line feeds only.
"""

from __future__ import annotations

import re


def line_end(text: str, at: int) -> str:
    """Return what ends the line of ``text`` at ``at``, or the one before if none does; a line feed by default."""
    end = text.find("\n", at)
    if end < 0:
        end = text.rfind("\n", 0, at)
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def with_line_ends(text: str, end: str) -> str:
    """Return ``text`` with every line ended by ``end``."""
    return text.replace("\r\n", "\n").replace("\n", end)


def spans_of(old: str, text: str) -> list[tuple[int, int]]:
    """Return where ``old`` stands in ``text``, line ends of either kind taken for one another."""
    if "\r\n" not in text and "\r\n" not in old:
        return [(at, at + len(old)) for at in _places(old, text)]
    pattern = r"\r?\n".join(re.escape(line) for line in old.replace("\r\n", "\n").split("\n"))
    return [match.span() for match in re.finditer(pattern, text)]


def _places(old: str, text: str) -> list[int]:
    places, at = [], text.find(old)
    while at >= 0:
        places.append(at)
        at = text.find(old, at + len(old))
    return places
