"""Half-open intervals of minutes: ``(540, 600)`` is nine o'clock up to, and not including, ten.

A meeting that ends at ten and one that starts at ten do not collide. An interval whose ends are equal holds no
time at all and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same minutes as the fewest intervals, sorted; touching intervals become one.

    Raises ValueError for an interval that ends before it starts.
    """
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if end < start:
            raise ValueError(f"interval ends before it starts: ({start}, {end})")
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def subtract(intervals: Iterable[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """Return the minutes that are in ``intervals`` and not in ``holes``, as the fewest intervals, sorted."""
    cuts = merge(holes)
    left: list[Interval] = []
    for start, end in merge(intervals):
        cursor = start
        for cut_start, cut_end in cuts:
            if cut_end <= cursor:
                continue
            if cut_start >= end:
                break
            if cut_start > cursor:
                left.append((cursor, cut_start))
            cursor = cut_end
        if cursor < end:
            left.append((cursor, end))
    return left


def collides(booking: Interval, others: Iterable[Interval]) -> bool:
    """Return whether ``booking`` shares at least one minute with one of ``others``."""
    start, end = booking
    return any(max(start, other_start) < min(end, other_end) for other_start, other_end in others)


def first_slot(day: Interval, bookings: Iterable[Interval], minutes: int) -> Interval | None:
    """Return the earliest free interval of exactly ``minutes`` within ``day``, or None if there is none.

    Raises ValueError unless ``minutes`` is positive.
    """
    if minutes <= 0:
        raise ValueError(f"a slot needs at least one minute, not {minutes}")
    for start, end in subtract([day], bookings):
        if end - start >= minutes:
            return (start, start + minutes)
    return None
