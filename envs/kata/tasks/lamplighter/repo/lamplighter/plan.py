"""Subscriptions, and when their issues are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, takewhile

from lamplighter import almanac


@dataclass(frozen=True)
class Subscription:
    """``months`` issues for ``reader``, the first one on the day ``first``."""

    reader: str
    first: date
    months: int


def issues(subscription: Subscription) -> list[date]:
    """Return the days on which the issues are sent."""
    return list(islice(almanac.monthly(subscription.first), subscription.months))


def sent_by(subscription: Subscription, day: date) -> list[date]:
    """Return those of them that are not after ``day``."""
    return list(takewhile(lambda sent: sent <= day, issues(subscription)))


def end(subscription: Subscription) -> date:
    """Return the last day of the subscription, the one before the next issue would be sent."""
    return almanac.shifted(subscription.first, subscription.months) - timedelta(days=1)


def reminder(subscription: Subscription) -> date:
    """Return the day on which we ask whether to go on: two months before the next issue would be sent."""
    return almanac.shifted(almanac.shifted(subscription.first, subscription.months), -2)
