"""Spirals on rectangular grids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def unwind(grid: Sequence[Sequence[T]], *, start: str = "nw", turn: str = "cw") -> list[T]:
    """Return the cells of ``grid`` in spiral order, from the corner ``start`` inwards."""
    raise NotImplementedError


def wind(values: Sequence[T], rows: int, columns: int, *, start: str = "nw", turn: str = "cw") -> list[list[T]]:
    """Return the grid of ``rows`` by ``columns`` that ``unwind`` reads as ``values``."""
    raise NotImplementedError
