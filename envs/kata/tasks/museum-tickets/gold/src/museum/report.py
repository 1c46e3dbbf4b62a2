"""What the director reads in the evening."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from museum.tickets import Ticket


def takings(tickets: Iterable[Ticket]) -> dict[int, int]:
    """Return the cents taken for each day, in the order of the days."""
    total: Counter[int] = Counter()
    for ticket in tickets:
        total[ticket.day] += ticket.cents
    return dict(sorted(total.items()))


def between(tickets: Iterable[Ticket], from_: int, to: int) -> list[Ticket]:
    """Return the tickets for the days ``from_`` up to and including ``to``."""
    return [ticket for ticket in tickets if from_ <= ticket.day <= to]
