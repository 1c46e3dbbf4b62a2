"""Tickets of the Museum of Small Things."""

from museum.pricing import PriceList, price
from museum.report import between, takings
from museum.tickets import Desk, Ticket
from museum.visitors import Group, Visitor

__all__ = ["Desk", "Group", "PriceList", "Ticket", "Visitor", "between", "price", "takings"]
