"""Autocompletion over a sorted word list that is expensive to look at.

The word list of the village library is a drawer of punched cards: looking at the card in position ``i`` means
walking there. Walking costs, thinking does not.
"""

from __future__ import annotations

from collections.abc import Sequence


def complete(words: Sequence[str], prefix: str, limit: int) -> list[str]:
    """Return the first ``limit`` words that begin with ``prefix``, in order."""
    found = []
    for position in range(len(words)):
        if words[position].startswith(prefix):
            found.append(words[position])
    return found[:limit]


def count(words: Sequence[str], prefix: str) -> int:
    """Return how many words begin with ``prefix``."""
    return sum(1 for position in range(len(words)) if words[position].startswith(prefix))
