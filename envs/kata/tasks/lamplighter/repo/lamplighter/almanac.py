"""Days and months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

_LAST_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def last_day(year: int, month: int) -> int:
    """Return the number of the last day of a month, from 28 to 31."""
    return _LAST_DAYS[month - 1] + (month == 2 and year % 4 == 0)


def shifted(day: date, months: int) -> date:
    """Return the same day of the month, ``months`` later, or earlier if it is negative.

    If that month has no such day, it is the month's last day.
    """
    month = (day.month + months) % 12 or 12
    year = day.year + (day.month + months) // 12
    return date(year, month, min(day.day, last_day(year, month)))


def monthly(first: date) -> Iterator[date]:
    """Yield ``first`` and then its day of every following month, without end.

    In a month that has no such day it is the last day; in the next month that has it, it is that day again.
    """
    while True:
        yield first
        first = shifted(first, 1)


def whole_months(first: date, last: date) -> int:
    """Return how many whole months have passed: the largest n for which ``shifted(first, n)`` is not after ``last``.

    It is negative if ``last`` is before ``first``.
    """
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if first.day <= last.day else months - 1
