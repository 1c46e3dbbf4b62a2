"""Money, in cents."""

from __future__ import annotations

from datetime import date

from lamplighter import almanac
from lamplighter.plan import Subscription


def due(subscription: Subscription, price: int, day: date) -> int:
    """Return what has to be paid by ``day``: ``price`` for each month that has begun by then, of those subscribed."""
    begun = almanac.whole_months(subscription.first, day) + 1
    return price * max(0, min(begun, subscription.months))


def refund(subscription: Subscription, price: int, day: date) -> int:
    """Return what a reader gets back who paid for everything and leaves on ``day``: for the months not yet begun."""
    return price * subscription.months - due(subscription, price, day)


def anniversary_gift(subscription: Subscription, day: date) -> bool:
    """Return whether ``day`` is the day of the month on which whole years of the subscription are over."""
    months = almanac.whole_months(subscription.first, day)
    return months > 0 and months % 12 == 0 and almanac.shifted(subscription.first, months) == day
