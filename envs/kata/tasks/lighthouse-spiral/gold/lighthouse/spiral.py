"""Spirals on rectangular grids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def unwind(grid: Sequence[Sequence[T]], *, start: str = "nw", turn: str = "cw") -> list[T]:
    """Return the cells of ``grid`` in spiral order, from the corner ``start`` inwards."""
    columns = len(grid[0]) if grid else 0
    if any(len(row) != columns for row in grid):
        raise ValueError("the rows of the grid have different lengths")
    return [grid[row][column] for row, column in _path(len(grid), columns, start, turn)]


def wind(values: Sequence[T], rows: int, columns: int, *, start: str = "nw", turn: str = "cw") -> list[list[T]]:
    """Return the grid of ``rows`` by ``columns`` that ``unwind`` reads as ``values``."""
    if rows < 0 or columns < 0 or len(values) != rows * columns:
        raise ValueError(f"{len(values)} values do not fill {rows} by {columns} cells")
    cells = dict(zip(_path(rows, columns, start, turn), values, strict=True))
    return [[cells[row, column] for column in range(columns)] for row in range(rows)]


def _path(rows: int, columns: int, start: str, turn: str) -> Iterator[tuple[int, int]]:
    """Walk clockwise from the top left, or counter-clockwise as its transpose, then mirror to the corner."""
    if start not in ("nw", "ne", "se", "sw") or turn not in ("cw", "ccw"):
        raise ValueError(f"no such spiral: start={start!r}, turn={turn!r}")
    flip_rows, flip_columns = start[0] == "s", start[1] == "e"
    transpose = (turn == "ccw") != (flip_rows != flip_columns)
    cells = _clockwise(columns, rows) if transpose else _clockwise(rows, columns)
    for first, second in cells:
        row, column = (second, first) if transpose else (first, second)
        yield (rows - 1 - row if flip_rows else row, columns - 1 - column if flip_columns else column)


def _clockwise(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    row, column, down, right = 0, -1, 0, 1
    steps, others = columns, rows - 1
    while steps > 0:
        for _ in range(steps):
            row, column = row + down, column + right
            yield row, column
        down, right = right, -down
        steps, others = others, steps - 1
