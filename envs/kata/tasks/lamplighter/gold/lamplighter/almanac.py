"""Days and months."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date


def last_day(year: int, month: int) -> int:
    """Return the number of the last day of a month, from 28 to 31."""
    return calendar.monthrange(year, month)[1]


def shifted(day: date, months: int) -> date:
    """Return the same day of the month, ``months`` later, or earlier if it is negative.

    If that month has no such day, it is the month's last day.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, last_day(year, month + 1)))


def monthly(first: date) -> Iterator[date]:
    """Yield ``first`` and then its day of every following month, without end.

    In a month that has no such day it is the last day; in the next month that has it, it is that day again.
    """
    months = 0
    while True:
        yield shifted(first, months)
        months += 1


def whole_months(first: date, last: date) -> int:
    """Return how many whole months have passed: the largest n for which ``shifted(first, n)`` is not after ``last``.

    It is negative if ``last`` is before ``first``.
    """
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if shifted(first, months) <= last else months - 1
