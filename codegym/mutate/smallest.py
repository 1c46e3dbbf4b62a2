"""The fix of a line with the fewest tokens."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def smallest_fix(broken: str, whole: str) -> tuple[str, str] | None:
    """Return the shortest text that occurs once in the line ``broken``, and the text that turns it into ``whole``.

    Both consist of whole tokens, without white space around them. Returns ``None`` if the lines are equal or there
    is no such text.
    """
    before, after = _TOKEN.findall(broken.strip()), _TOKEN.findall(whole.strip())
    if before == after or not before:
        return None
    start = _common(before, after)
    end = len(before) - _common(before[start:][::-1], after[start:][::-1])
    while True:
        old, new = "".join(before[start:end]), "".join(after[start : len(after) - (len(before) - end)])
        if old.strip() == old != "" and new.strip() == new and broken.find(old) == broken.rfind(old):
            return old, new
        if start == 0 and end == len(before):
            return None
        if end < len(before):
            end += 1
        else:
            start -= 1


def _common(left: list[str], right: list[str]) -> int:
    """Return the number of equal tokens at the start of two lists."""
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count
