"""Makes texts about failures the same in every run: without addresses, durations and temporary paths."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codegym.episode import TestStatus

_SHORT = 300
_MOST_READ, _MOST_BRIEF = 1 << 20, 20_000
"""The most characters read of a text from a box: of the whole text, and for its first lines."""
_CHANGING = (
    (re.compile(r"\b0x[0-9a-fA-F]{6,}\b"), "0x…"),
    (re.compile(r"\b0?x[0-9a-f]{8,}\b"), "…"),  # what is left of an address that pytest cut out of a long text
    (re.compile(r"/(?:var/)?tmp/[\w.+/-]+"), "/tmp/…"),  # noqa: S108
    (re.compile(r"\b(in|after|took) \d+(\.\d+)? ?(s|ms|sec|seconds)\b"), r"\1 …"),
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
)


def steady(text: str) -> str:
    """Return ``text`` without the parts that change from run to run."""
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text


def brief(text: str, lines: int = 2) -> str:
    """Return the first ``lines`` lines of ``text`` that are not empty, at most 300 characters."""
    first = [line.rstrip() for line in steady(text[:_MOST_BRIEF]).splitlines() if line.strip()][:lines]
    short = "\n".join(first)
    return short if len(short) <= _SHORT else short[: _SHORT - 1] + "…"


def clipped(text: str, most: int = 8000) -> str:
    """Return ``text``; if it is longer than ``most`` characters, leave out its middle."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n[… {len(text) - most} characters left out …]\n{text[-most // 2 :]}"


def output_excerpt(text: str) -> str:
    """Return ``text`` for :attr:`TestRun.output`: a few kB, without the parts that change from run to run."""
    return clipped(steady(clipped(text, _MOST_READ)))


def count(statuses: Iterable[TestStatus]) -> str:
    """Return the number of tests per status, as the last line of an output."""
    listed = list(statuses)
    counts = {status: listed.count(status) for status in TestStatus if status in listed}
    return ", ".join(f"{number} {status}" for status, number in counts.items()) or "no tests ran"
