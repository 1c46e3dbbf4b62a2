from museum import Desk, Visitor, takings


def test_selling_tickets():
    desk = Desk()
    desk.sell(Visitor("Ada", 36), day=3)
    desk.sell(Visitor("Ben", 7), day=3)
    assert takings(desk.sold) == {3: 1700}
