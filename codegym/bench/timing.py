"""Times an operation repeatedly, and summarises with the median and the 95th percentile, never the mean."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Timing:
    """``count`` measurements in milliseconds: the median and the 95th percentile (nearest rank)."""

    p50: float
    p95: float
    count: int


def timing(seconds: list[float]) -> Timing:
    """Summarise one or more measurements in seconds."""
    ordered = sorted(seconds)

    def rank(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return Timing(rank(0.5), rank(0.95), len(ordered))


def repeat(times: int, act: Callable[[], _T], undo: Callable[[_T], object] = lambda _: None) -> Timing:
    """Time ``act``; after each, call ``undo`` with its result, which is not timed."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = act()
        seconds.append(time.perf_counter() - start)
        undo(result)
    return timing(seconds)
