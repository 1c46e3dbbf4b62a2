"""Reverses a patch, as text: from a data set's patch that adds a bug to the repair."""

from __future__ import annotations

import re

from codegym.patch.paths import PatchError
from codegym.patch.read import parse_patch

_HUNK = re.compile(r"@@ -(\S+) \+(\S+) @@(.*)", re.DOTALL)
_NAMES = {"--- ": "+++ ", "+++ ": "--- ", "rename from ": "rename to ", "rename to ": "rename from "}
_MODES = {
    "new file mode ": "deleted file mode ",
    "deleted file mode ": "new file mode ",
    "old mode ": "new mode ",
    "new mode ": "old mode ",
}


def reverse_patch(patch: str) -> str:
    """Return the patch that undoes ``patch``.

    Raises :class:`PatchError` if it can't be read, or if it contains a binary file or a copy, which do not say
    what was there before.
    """
    for section in parse_patch(patch):
        if section.binary is not None or (section.moved and not section.renamed):
            raise PatchError(f"{section.new_path}: a binary file or a copy can't be reversed")
    parts = [_reverse(part) for part in re.split(r"(?m)^(?=diff --git )", patch) if part]
    return "".join(reversed(parts))


def _reverse(section: str) -> str:
    head, *hunks = re.split(r"(?m)^(?=@@ -)", section)
    return _header(head) + "".join(_hunk(hunk) for hunk in hunks)


def _header(head: str) -> str:
    lines = [_header_line(line) for line in _lines(head)]
    for first, second in (("+++ ", "--- "), ("rename to ", "rename from "), ("new mode ", "old mode ")):
        at = next((n for n, line in enumerate(lines) if line.startswith(first)), None)
        if at is not None and at + 1 < len(lines) and lines[at + 1].startswith(second):
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
    return "".join(lines)


def _header_line(line: str) -> str:
    names = re.fullmatch(r"diff --git (\"?)a/(.*?)\1 (\"?)b/(.*?)\3(\r?\n?)", line)
    if names and names[2] != names[4]:
        return f"diff --git {names[3]}a/{names[4]}{names[3]} {names[1]}b/{names[2]}{names[1]}{names[5]}"
    for old, new in (_NAMES | _MODES).items():
        if line.startswith(old):
            return new + _sides(line[len(old) :]) if old in ("--- ", "+++ ") else new + line[len(old) :]
    blobs = re.fullmatch(r"index ([0-9a-f]+)\.\.([0-9a-f]+)(.*\s*)", line)
    return f"index {blobs[2]}..{blobs[1]}{blobs[3]}" if blobs else line


def _sides(name: str) -> str:
    return re.sub(r'^("?)([ab])/', lambda side: f"{side[1]}{'b' if side[2] == 'a' else 'a'}/", name)


def _hunk(hunk: str) -> str:
    first, *lines = _lines(hunk)
    ranges = _HUNK.fullmatch(first)
    if ranges is None:
        raise PatchError(f"expected the header of a hunk, found {first.strip()}")
    result = [f"@@ -{ranges[2]} +{ranges[1]} @@{ranges[3]}"]
    removed: list[str] = []
    added: list[str] = []
    last = result
    for line in lines:
        if line.startswith("\\"):
            last.append(line)
            continue
        if not line.startswith(("+", "-")):
            result += removed + added
            removed, added = [], []
        last = removed if line.startswith("+") else added if line.startswith("-") else result
        last.append({"+": "-", "-": "+"}.get(line[0], line[0]) + line[1:])
    return "".join(result + removed + added)


def _lines(text: str) -> list[str]:
    """Return the lines of ``text`` with their ends; as in a patch, only a line feed ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
