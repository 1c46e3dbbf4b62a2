from complete import complete, count
from drawer import Drawer

FRUIT = ["apple", "apricot", "banana", "cherry", "citron", "clementine", "date"]


def test_completions_come_in_order():
    assert complete(Drawer(FRUIT), "c", 2) == ["cherry", "citron"]


def test_counting():
    assert count(Drawer(FRUIT), "ap") == 2


def test_few_walks():
    drawer = Drawer(f"{number:04}" for number in range(1000))
    assert complete(drawer, "07", 3) == ["0700", "0701", "0702"]
    assert drawer.walks <= 10 + 3 + 1
