"""Patterns in words. PATTERNS.md says what charts and words look like."""

from __future__ import annotations

import re
from itertools import groupby

from knitting.errors import PatternError

_RIGHT_SIDE = {".": "k", "-": "p", "O": "yo", "/": "k2tog"}
_WRONG_SIDE = {".": "p", "-": "k", "O": "yo", "/": "p2tog"}
_ROW = re.compile(r"Row ([1-9][0-9]*): (?:as row ([1-9][0-9]*)|(.+))")
_COUNTED = re.compile(r"([kp])([1-9][0-9]*)")


def to_words(chart: list[str]) -> str:
    """Return the words for a chart. Raises PatternError if it is no chart."""
    if not chart or not chart[0] or any(len(row) != len(chart[0]) or set(row) - set(_RIGHT_SIDE) for row in chart):
        raise PatternError("this is no chart")
    written: dict[str, int] = {}
    lines = []
    for number, row in enumerate(reversed(chart), 1):
        words = _row_in_words(row, number)
        first = written.setdefault(words, number)
        lines.append(f"Row {number}: {words if first == number else f'as row {first}'}\n")
    return "".join(lines)


def from_words(text: str) -> list[str]:
    """Return the chart for words. Raises PatternError if they are no pattern."""
    lines = text.split("\n")
    if lines.pop() != "" or not lines:
        raise PatternError("a pattern has rows, and each ends with a line feed")
    texts: list[str] = []
    chart: list[str] = []
    for number, line in enumerate(lines, 1):
        match = _ROW.fullmatch(line)
        if match is None or int(match[1]) != number or (match[2] and int(match[2]) >= number):
            raise PatternError(f"row {number}: {line!r}")
        texts.append(texts[int(match[2]) - 1] if match[2] else match[3])
        chart.insert(0, _row_of_words(texts[-1], number))
        if len(chart[0]) != len(chart[-1]):
            raise PatternError(f"row {number} has {len(chart[0])} stitches, not {len(chart[-1])}")
    return chart


def _row_in_words(row: str, number: int) -> str:
    stitches = [_RIGHT_SIDE[sign] for sign in reversed(row)] if number % 2 else [_WRONG_SIDE[sign] for sign in row]
    words: list[str] = []
    for stitch, group in groupby(stitches):
        count = len(list(group))
        words += [f"{stitch}{count}"] if stitch in ("k", "p") else [stitch] * count
    return ", ".join(words)


def _row_of_words(words: str, number: int) -> str:
    signs = {stitch: sign for sign, stitch in (_RIGHT_SIDE if number % 2 else _WRONG_SIDE).items()}
    row = ""
    for word in words.split(", "):
        counted = _COUNTED.fullmatch(word)
        if counted:
            row += signs[counted[1]] * int(counted[2])
        elif word in signs and word not in ("k", "p"):
            row += signs[word]
        else:
            raise PatternError(f"row {number}: {word!r}")
    return row[::-1] if number % 2 else row
