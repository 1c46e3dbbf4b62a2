import importlib
import subprocess
import sys
from pathlib import Path

import pytest

MODULES = ["visitors", "pricing", "tickets", "report"]
SOURCE = str(Path(__file__).parents[1] / "src")


@pytest.mark.parametrize("name", MODULES)
def test_each_module_can_be_imported_first(name):
    code = f"import sys; sys.path.insert(0, {SOURCE!r}); import museum.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_everything_is_exported():
    museum = importlib.import_module("museum")
    names = ["Desk", "Group", "PriceList", "Ticket", "Visitor", "between", "price", "takings"]
    assert sorted(museum.__all__) == names
    space = {}
    exec("from museum import *", space)
    assert set(names) <= set(space)


def test_visitors():
    from museum import Visitor

    visitor = Visitor("Ada", 36)
    assert (visitor.name, visitor.age, visitor.member) == ("Ada", 36, None)
    assert Visitor("Bob", 9, 4711) == Visitor(name="Bob", age=9, member=4711)
    with pytest.raises(AttributeError):
        visitor.age = 37


def test_groups_do_not_share_their_people():
    from museum import Group, Visitor

    one, two = Group("school"), Group("choir")
    one.join(Visitor("Cem", 8))
    assert (len(one.visitors), len(two.visitors)) == (1, 0)


def test_prices():
    from museum import PriceList, Visitor, price

    prices = PriceList(adult=900, child=300, members_pay=100)
    assert [price(Visitor("x", age), prices) for age in (15, 16)] == [300, 900]
    assert price(Visitor("x", 40, 1), prices) == 100
    assert (prices.cheapest, prices.cheapest) == (100, 100)
    assert PriceList().cheapest == 0
    with pytest.raises(AttributeError):
        prices.adult = 1


def test_desks_do_not_share_their_tickets():
    from museum import Desk, Visitor

    one, two = Desk(), Desk()
    ticket = one.sell(Visitor("Ada", 36), day=3)
    assert one.sold == [ticket]
    assert two.sold == []


def test_groups_buy_and_hand_back():
    from museum import Desk, Group, PriceList, Visitor

    desk = Desk(PriceList(adult=1000))
    tickets = desk.sell_group(Group("duo", [Visitor("A", 20), Visitor("B", 5)]), day=9)
    assert [ticket.cents for ticket in tickets] == [1000, 500]
    assert desk.take_back(tickets[0], day=8) == 1000
    assert desk.take_back(tickets[1], day=9) == 0
    assert desk.sold == []


def test_reports():
    from museum import Desk, Visitor, between, takings

    desk = Desk()
    tickets = [desk.sell(Visitor("A", 30), day=day) for day in (5, 2, 5, 7)]
    assert list(takings(desk.sold).items()) == [(2, 1200), (5, 2400), (7, 1200)]
    assert between(tickets, 2, 5) == tickets[:3]
    assert between(tickets, from_=6, to=7) == tickets[3:]
