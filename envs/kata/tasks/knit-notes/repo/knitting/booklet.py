"""The booklet of the knitting circle."""

from __future__ import annotations

from knitting.words import from_words, to_words


def tidied(text: str) -> str:
    """Return a pattern in words, written as PATTERNS.md says."""
    return to_words(from_words(text))


def mirrored(text: str) -> str:
    """Return the words for the mirror image of a pattern in words."""
    return to_words([row[::-1] for row in from_words(text)])


def stitches(chart: list[str]) -> dict[str, int]:
    """Return how many stitches each row of a chart has in words, by its number."""
    rows = to_words(chart).splitlines()
    return {row.partition(":")[0]: len(chart[0]) for row in rows}
