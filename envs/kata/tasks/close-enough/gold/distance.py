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
    if abs(len(a) - len(b)) > limit:
        return None
    if len(a) > len(b):
        return _banded(b, a, limit, lambda x, y: same(y, x))
    return _banded(a, b, limit, same)


def _banded(rows: Sequence[G], columns: Sequence[G], limit: int, same: Callable[[G, G], bool]) -> int | None:
    """Fill the table only where row and column differ by at most ``limit``: elsewhere the cost is above it.

    Where coming from above or from the left costs no more than the diagonal, the answer is known unasked.
    """
    far = limit + 1
    width = len(columns)
    previous = [column if column <= limit else far for column in range(width + 1)]
    for row, x in enumerate(rows, 1):
        current = [far] * (width + 1)
        if row <= limit:
            current[0] = row
        for column in range(max(1, row - limit), min(width, row + limit) + 1):
            around = min(previous[column], current[column - 1]) + 1
            diagonal = previous[column - 1]
            if around > diagonal and diagonal <= limit:
                around = min(around, diagonal + (not same(x, columns[column - 1])))
            current[column] = min(around, far)
        if min(current) > limit:
            return None
        previous = current
    return previous[width] if previous[width] <= limit else None
