"""Random numbers that are the same on every machine and in every version of Python: SplitMix64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from codegym.digest import digest_bytes

T = TypeVar("T")
_BITS = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
"""The increment of SplitMix64 (Steele, Lea and Flood 2014)."""


class Stream:
    """A stream of random numbers that begins at the digest of ``name``."""

    def __init__(self, name: str) -> None:
        self._state = int(digest_bytes(name.encode())[:16], 16)

    def below(self, count: int) -> int:
        """Return a number from 0 to ``count`` - 1. Small counts are as good as uniform."""
        self._state = state = (self._state + _STEP) & _BITS
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _BITS
        return (state ^ (state >> 31)) * count >> 64

    def between(self, low: int, high: int) -> int:
        """Return a number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def choose(self, values: Sequence[T]) -> T:
        """Return one of ``values``."""
        return values[self.below(len(values))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """Return ``values`` in random order."""
        mixed = list(values)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
