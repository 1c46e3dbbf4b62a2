"""A function that a test calls only through others is far from it."""

from __future__ import annotations

from codegym.foundry.repository.calls import CallGraph
from codegym.foundry.repository.reach import Reach
from codegym.sandbox.protocol import File

SOURCE = '''\
class Shelf:
    def __init__(self):
        self.items = {}

    def put(self, name, item):
        """Put."""
        self.items[_key(name)] = item

    def __len__(self):
        return len(self.items)


def _key(name):
    return _fold(name)


def _fold(name):
    return name.lower()


def never(name):
    return name


make = Shelf
'''
TESTS = """\
from kit import make_shelf
from shelf import Shelf, make


def test_put():
    shelf = make()
    shelf.put("A", 1)
    assert len(shelf) == 1


class TestShelf:
    def test_helped(self):
        assert fill(Shelf())

    def test_fixture(self, fixture):
        assert fixture


def fill(shelf):
    shelf.put("B", 2)
    return shelf


def fixture():
    return make_shelf()
"""
KIT = "from shelf import Shelf, _fold\n\ndef make_shelf():\n    return Shelf(_fold)\n"
PATHS = {"shelf.py": SOURCE, "tests/test_shelf.py": TESTS, "tests/kit.py": KIT}
FILES = {path: File(text.encode()) for path, text in PATHS.items()}
PUT, HELPED, FIXTURE = (
    f"tests/test_shelf.py::{name}" for name in ("test_put", "TestShelf::test_helped", "TestShelf::test_fixture[a]")
)
EVERY = frozenset({PUT, HELPED, FIXTURE})


def graph(*, run: frozenset[str] = EVERY) -> CallGraph:
    lines = dict.fromkeys((3, 7, 10, 14, 18), run)
    return CallGraph(["shelf.py"], FILES, Reach(tuple(sorted(run)), {"shelf.py": lines}))


def test_distances_are_counted_in_calls() -> None:
    names = ["Shelf.put", "_key", "_fold", "Shelf.__init__", "Shelf.__len__"]
    assert [graph().distance(f"shelf.py {name}", [PUT]) for name in names] == [1, 2, 3, 1, 1]


def test_what_is_defined_for_tests_counts_as_part_of_them() -> None:
    assert graph().distance("shelf.py Shelf.put", [HELPED]) == 1
    assert graph().distance("shelf.py _fold", [FIXTURE]) == 1
    assert graph().distance("shelf.py _fold", [PUT, HELPED, FIXTURE]) == 1


def test_only_functions_that_the_test_runs_are_on_the_way() -> None:
    assert graph().distance("shelf.py never", [PUT]) is None
    assert graph(run=frozenset({HELPED})).distance("shelf.py _key", [PUT]) is None


def test_linked_functions_call_each_other() -> None:
    assert graph().are_linked("shelf.py _fold", "shelf.py _key")
    assert graph().are_linked("shelf.py _key", "shelf.py _fold")
    assert not graph().are_linked("shelf.py _fold", "shelf.py Shelf.put")
