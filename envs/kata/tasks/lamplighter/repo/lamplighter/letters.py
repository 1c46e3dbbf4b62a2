"""What we write to our readers."""

from __future__ import annotations

from datetime import date

from lamplighter import plan
from lamplighter.plan import Subscription

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def welcome(subscription: Subscription) -> str:
    """Return the letter with the days on which issues are sent."""
    days = ", ".join(_written(day) for day in plan.issues(subscription))
    return f"Dear {subscription.reader}, we send your issues on {days}."


def goodbye(subscription: Subscription) -> str:
    """Return the letter that is written when a reader does not go on."""
    return f"Dear {subscription.reader}, your lamp burns until {_written(plan.end(subscription))}."


def _written(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
