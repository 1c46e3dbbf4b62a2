"""What it costs to come in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from museum.tickets import Ticket
from visitors import Visitor


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices in cents."""

    adult: int = 1200
    child: int = 500
    members_pay: int = 0

    @cached_property
    def cheapest(self) -> int:
        """The lowest price on the list."""
        return min(self.adult, self.child, self.members_pay)


def price(visitor: Visitor, prices: PriceList) -> int:
    """Return what ``visitor`` pays."""
    if visitor.member is not None:
        return prices.members_pay
    return prices.child if visitor.age < 16 else prices.adult


def refund(ticket: Ticket, day: int) -> int:
    """Return what a ticket is worth when it is handed back: all of it before its day, nothing from then on."""
    return ticket.cents if day < ticket.day else 0
