"""Edit distance between two ancient inscriptions.

Whether two glyphs are the same is a question for an expert, and experts charge by the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

G = TypeVar("G")


def within(a: Sequence[G], b: Sequence[G], limit: int, same: Callable[[G, G], bool]) -> int | None:
    """Return the edit distance between ``a`` and ``b`` if it is at most ``limit``, else None.

    The distance is the least number of glyphs to insert, delete or replace that turns ``a`` into ``b``.
    ``same(x, y)`` is asked with ``x`` from ``a`` and ``y`` from ``b``.
    """
    if limit < 0:
        raise ValueError(f"limit must not be negative, got {limit}")
    previous = list(range(len(b) + 1))
    for row, x in enumerate(a, 1):
        current = [row]
        for column, y in enumerate(b, 1):
            replace = previous[column - 1] + (0 if same(x, y) else 1)
            current.append(min(replace, previous[column] + 1, current[-1] + 1))
        previous = current
    return previous[-1] if previous[-1] <= limit else None
