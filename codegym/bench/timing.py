"""Times of one thing done again and again, and what is said of them: medians and 95th percentiles, never means."""

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
    """Summarise measurements in seconds, at least one."""
    ordered = sorted(seconds)

    def rank(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return Timing(rank(0.5), rank(0.95), len(ordered))


def repeat(times: int, act: Callable[[], _T], undo: Callable[[_T], object] = lambda _: None) -> Timing:
    """Time ``act``, and not ``undo``, which gets what it returned."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        done = act()
        seconds.append(time.perf_counter() - began)
        undo(done)
    return timing(seconds)
