"""The repair script makes a task's reference solution as a small policy would: it finds lines and writes them.

``repair`` plays locate, focus until it sees the lines that the gold patch changes, one edit per line, the tests,
and submit. Its episodes are what a policy of the line dialect is taught with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from codegym.patch.read import Hunk, parse_patch
from codegym.policy.protocol import Opening
from codegym.policy.script.script import Script, ScriptedPolicy, can_write
from codegym.tool.call import Call

MOST_LOOKED_AT = 4
"""Functions of locate's list that the script looks at."""

EXCERPT = re.compile(r"^(.*) #(\d{1,9})\*?$", re.MULTILINE)
"""A line of an excerpt: its text and its number."""


def repair() -> ScriptedPolicy:
    """Return the policy that makes the gold patch line by line. What it can't make, it submits unchanged."""
    return ScriptedPolicy("repair", _script, "line")


def _script(opening: Opening) -> Script:
    hunks = [hunk for section in parse_patch(opening.task.gold_patch) for hunk in section.hunks]
    observation = yield Call("locate")
    for rank in range(1, MOST_LOOKED_AT + 1):
        if rank > 1:
            observation = yield Call("focus", {"rank": rank})
        calls = [call for hunk in hunks for call in line_edits(excerpt_lines(observation), hunk)]
        if calls and all(can_write(opening, call) for call in calls):
            yield from (call for call in calls)  # a list's iterator takes no observations
            yield Call("test")
            return


def excerpt_lines(observation: str) -> dict[int, str]:
    """Return the lines of the excerpt in an observation, by number."""
    return {int(number): text for text, number in EXCERPT.findall(observation)}


def line_edits(lines: Mapping[int, str], hunk: Hunk) -> list[Call]:
    """Return the calls that make ``hunk`` in the function with these lines; none if it is not about them.

    There are none for new lines without text either: no call writes an empty line.
    """
    old, new = _texts(hunk.old), _texts(hunk.new)
    changes = [op for op in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes() if op[0] != "equal"]
    if not all(text.strip() for _, _, _, first, last in changes for text in new[first:last]):
        return []
    needed = {at for _, start, end, _, _ in changes for at in (range(start, end) if end > start else [start - 1])}
    offset = _offset(lines, old, needed)
    if offset is None:
        return []
    margin = min(_width(old[at]) - _width(lines[at + offset]) for at in needed)
    calls: list[Call] = []
    grown = 0  # how many lines longer the function is by now
    for _, start, end, first, last in changes:
        calls += _block(
            old[start:end], new[first:last], start + offset + grown, new[first - 1] if first else "", margin
        )
        grown += (last - first) - (end - start)
    return calls


def _block(old: Sequence[str], new: Sequence[str], number: int, before: str, margin: int) -> Iterator[Call]:
    """Yield the calls that turn the lines ``old``, from line ``number`` on, into ``new``.

    ``before`` is the line above; ``margin`` is the indentation that the excerpt leaves out.
    """
    for at, (one, other) in enumerate(zip(old, new, strict=False)):
        same = _width(one) == _width(other)
        yield Call("rewrite", {"line": number + at, "text": other.strip() if same else other[margin:]})
    for _ in old[len(new) :]:
        yield Call("rewrite", {"line": number + len(new), "text": ""})
    above = [before, *new]
    for at in range(len(old), len(new)):
        expected = _width(above[at]) + (4 if above[at].endswith(":") else 0)
        text = new[at].strip() if expected == _width(new[at]) else new[at][margin:]
        yield Call("add", {"line": number + at - 1, "text": text})


def _offset(lines: Mapping[int, str], old: Sequence[str], needed: set[int]) -> int | None:
    """Return what to add to an index in ``old`` for the number of that line in the excerpt."""
    if not needed or min(needed) < 0:
        return None
    best, most = None, 0
    anchor = min(needed)
    for number in lines:
        offset = number - anchor
        pairs = [(text.strip(), lines[at + offset].strip()) for at, text in enumerate(old) if at + offset in lines]
        fits = all(at + offset in lines and lines[at + offset].strip() == old[at].strip() for at in needed)
        if fits and all(one == other for one, other in pairs) and len(pairs) > most:
            best, most = offset, len(pairs)
    return best


def _texts(lines: Sequence[str]) -> list[str]:
    return [line.rstrip("\r\n") for line in lines]


def _width(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))
