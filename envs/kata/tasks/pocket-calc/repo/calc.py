"""The brain of a pocket calculator that never rounds: every number is a fraction."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction


class CalcError(ValueError):
    """The expression can't be computed; ``position`` is the index of the character that is to blame."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(f"{problem} at {position}")
        self.position = position


def evaluate(text: str, names: Mapping[str, Fraction | int] | None = None) -> Fraction:
    """Return the exact value of the expression ``text``."""
    raise NotImplementedError
