"""What visitors get for their money."""

from __future__ import annotations

from dataclasses import dataclass, field

from museum.pricing import PriceList, price, refund
from museum.visitors import Group, Visitor


@dataclass(frozen=True)
class Ticket:
    """Admits one visitor on one day."""

    visitor: Visitor
    day: int
    cents: int = 0


@dataclass
class Desk:
    """Sells tickets and remembers them."""

    prices: PriceList = PriceList()
    sold: list[Ticket] = field(default_factory=list)

    def sell(self, visitor: Visitor, *, day: int) -> Ticket:
        """Sell one ticket."""
        ticket = Ticket(visitor, day, price(visitor, self.prices))
        self.sold.append(ticket)
        return ticket

    def sell_group(self, group: Group, *, day: int) -> list[Ticket]:
        """Sell a ticket to everyone in a group."""
        return [self.sell(visitor, day=day) for visitor in group.visitors]

    def take_back(self, ticket: Ticket, *, day: int) -> int:
        """Take a ticket back and return the refund."""
        self.sold.remove(ticket)
        return refund(ticket, day)
