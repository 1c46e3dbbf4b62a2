"""Autocompletion over a sorted word list that is expensive to look at.

The word list of the village library is a drawer of punched cards: looking at the card in position ``i`` means
walking there. Walking costs, thinking does not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def complete(words: Sequence[str], prefix: str, limit: int) -> list[str]:
    """Return the first ``limit`` words that begin with ``prefix``, in order."""
    if limit <= 0:
        return []
    found: list[str] = []
    for position in range(bisect_left(words, prefix), len(words)):
        if len(found) == limit:
            break
        word = words[position]
        if not word.startswith(prefix):
            break
        found.append(word)
    return found


def count(words: Sequence[str], prefix: str) -> int:
    """Return how many words begin with ``prefix``."""
    length = len(prefix)
    start = bisect_left(words, prefix)
    return bisect_right(words, prefix, lo=start, key=lambda word: word[:length]) - start
