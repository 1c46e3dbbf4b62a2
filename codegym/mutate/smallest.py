"""A change of a line, said in as few tokens as it can be."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def smallest_fix(broken: str, whole: str) -> tuple[str, str] | None:
    """Return the shortest run of tokens of ``broken``, unique in it, whose replacement gives ``whole``.

    ``None`` where the lines are equal, or no such run is there without its surrounding white space.
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
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count
