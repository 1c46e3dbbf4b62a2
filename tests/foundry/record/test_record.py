"""What the recorder reports of the calls that tests make, in a real box."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym.episode import TestStatus
from codegym.foundry.record.call import RecordedCall, read_calls
from codegym.foundry.record.record import Boundary, Recording, record_calls
from codegym.foundry.record.replay import replay
from codegym.harness.run import run_tests
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File, Sandbox, Tree
from codegym.task import Limits, TestPlan
from codegym.tree import store_tree

PACKAGE = '''\
"""A shop."""

from shop._money import Price, Stock, cut, halves, total
'''
MONEY = '''\
import dataclasses
import functools
import threading
from enum import Enum


class Kind(Enum):
    FOOD = 1
    TOOL = 2


@dataclasses.dataclass
class Price:
    cents: int
    kind: Kind = Kind.FOOD

    def plus(self, more):
        return Price(self.cents + more, self.kind)

    def __add__(self, other):
        return Price(self.cents + other.cents, self.kind)

    @property
    def euros(self):
        return self.cents / 100

    @classmethod
    def parse(cls, text):
        return cls(_cents(text))


class Stock:
    def __init__(self, room, *, name="main"):
        self.room, self.items = room, []

    def put(self, item):
        if len(self.items) == self.room:
            raise FullError(f"no room for {item}")
        self.items.append(item)

    def take(self):
        return self.items.pop()

    def __len__(self):
        return len(self.items)

    def __setitem__(self, at, item):
        self.items[at] = item

    def sorted_by(self, key):
        return sorted(self.items, key=key)


class FullError(Exception):
    pass


def _cents(text):
    whole, _, part = text.partition(".")
    return 100 * int(whole) + int(part or 0)


def quiet(function):
    @functools.wraps(function)
    def wrapper(*args, **options):
        try:
            return function(*args, **options)
        except KeyError:
            return None
    return wrapper


@quiet
def total(prices, *more, start=0):
    """Return the sum."""
    return start + sum(prices) + sum(more)


@quiet
def cut(value, low=0, high=9, **options):
    if options.get("fail"):
        raise KeyError("fail")
    return min(max(value, low), high)


def halves(numbers):
    for number in numbers:
        yield number / 2
'''
TESTS = """\
import datetime, threading
import pytest
import shop
from shop import Price, Stock, cut, halves, total
from shop._money import FullError, Kind


def test_total():
    assert total([1, 2], 3, start=10) == 16
    assert total([]) == 0


def test_cut():
    assert cut(12) == 9
    assert cut(12, high=20) == 12
    assert cut(3, 4, 20) == 4
    assert cut(1, fail=True) is None
    with pytest.raises(TypeError):
        cut("x", 1)


def test_price():
    assert Price.parse("3.50").euros == 3.5
    assert Price(5, Kind.TOOL).plus(2) == Price(7, Kind.TOOL)
    assert Price(5) + Price(6) == Price(11)


def test_stock():
    stock = Stock(1)
    stock.put("tea")
    with pytest.raises(FullError, match="no room"):
        stock.put("salt")
    assert stock.take() == "tea"
    assert len(stock) == 0
    stock.put("cups")
    stock[0] = "cup"
    assert stock.sorted_by(lambda item: len(item)) == ["cup"]
    end = 1
    assert stock.sorted_by(lambda item: item[end]) == ["cup"]


def test_halves():
    assert list(halves(n for n in (1, 2))) == [0.5, 1.0]
    assert list(halves([3])) == [1.5]


def test_of_another_thread():
    thread = threading.Thread(target=cut, args=(77,))
    thread.start()
    thread.join()


def test_that_fails():
    assert cut(5) == 6
"""
FILES = {"shop/__init__.py": PACKAGE, "shop/_money.py": MONEY, "tests/test_shop.py": TESTS}
SOURCES = ["shop/__init__.py", "shop/_money.py"]
PLAN = TestPlan(framework="pytest", fail_to_pass=())


def open_box(files: dict[str, str]) -> Sandbox:
    tree = store_tree({path: File(text.encode()) for path, text in files.items()})
    return backend("bwrap").open(Tree((tree,), tree.name), "python", Limits(output_kb=65536))


@pytest.fixture(scope="module", autouse=True)
def _able() -> None:
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with open_box(FILES) as box:
        yield box


@pytest.fixture(scope="module")
def recording(box: Sandbox) -> Recording:
    functions = [Boundary("shop/_money.py", "_cents")]
    return record_calls(box, PLAN, [], sources=SOURCES, functions=functions, timeout=60)


def by_source(recording: Recording) -> dict[str, RecordedCall]:
    return {"; ".join([*call.setup, call.source]): call for call in recording.calls if call.source}


def test_calls_are_written_as_a_user_would(recording: Recording) -> None:
    values = {source: call.value for source, call in by_source(recording).items() if call.kind == "returned"}
    kinds = "kind=shop._money.Kind.FOOD", "kind=shop._money.Kind.TOOL"
    before = "a_stock = shop.Stock(1); a_stock.put('tea'); _ = a_stock.take(); a_stock.put('cups')"
    assert values == {
        "shop.total([1, 2], 3, start=10)": "16",
        "shop.total([])": "0",
        "shop.cut(12)": "9",
        "shop.cut(12, high=20)": "12",
        "shop.cut(3, 4, 20)": "4",
        "shop.cut(1, fail=True)": "None",
        "shop.cut(5)": "5",
        "shop._money._cents('3.50')": "350",
        "shop.Price.parse('3.50')": f"shop.Price(cents=350, {kinds[0]})",
        f"shop.Price(cents=350, {kinds[0]}).euros": "3.5",
        f"shop.Price(cents=5, {kinds[1]}).plus(2)": f"shop.Price(cents=7, {kinds[1]})",
        f"shop.Price(cents=5, {kinds[0]}) + shop.Price(cents=6, {kinds[0]})": f"shop.Price(cents=11, {kinds[0]})",
        "shop.Stock(1)": "",
        "a_stock = shop.Stock(1); a_stock.put('tea')": "None",
        "a_stock = shop.Stock(1); a_stock.put('tea'); a_stock.take()": "'tea'",
        "a_stock = shop.Stock(1); a_stock.put('tea'); _ = a_stock.take(); len(a_stock)": "0",
        before: "None",
        f"{before}; a_stock.__setitem__(0, 'cup')": "None",
        f"{before}; a_stock[0] = 'cup'; a_stock.sorted_by(lambda item: len(item))": "['cup']",
        "list(shop.halves([3]))": "[1.5]",
    }


def test_exceptions_have_their_public_name_and_the_end_of_the_traceback(recording: Recording) -> None:
    full = by_source(recording)["a_stock = shop.Stock(1); a_stock.put('tea'); a_stock.put('salt')"]
    assert (full.kind, full.type, full.message) == ("raised", "shop._money.FullError", "no room for salt")
    assert [(frame.path, frame.function) for frame in full.frames] == [("shop/_money.py", "put")]
    wrong = by_source(recording)["shop.cut('x', 1)"]
    assert (wrong.kind, wrong.type) == ("raised", "TypeError")
    assert [frame.function for frame in wrong.frames] == ["wrapper", "cut"]
    line = MONEY.splitlines()[wrong.frames[-1].line - 1]
    assert line.strip() == "return min(max(value, low), high)"


def test_a_call_names_its_place_and_its_test(recording: Recording) -> None:
    call = by_source(recording)["shop._money._cents('3.50')"]
    assert (call.path, call.function, call.direct) == ("shop/_money.py", "_cents", False)
    assert call.test == "tests/test_shop.py::test_price"
    assert call.arguments == (("text", "'3.50'"),)
    assert MONEY.splitlines()[call.line - 1] == "def _cents(text):"
    assert by_source(recording)["shop.total([])"].modules == ("shop",)


def test_what_can_t_be_written_is_marked(recording: Recording) -> None:
    unwritten = [call for call in recording.calls if not call.source]
    assert [(call.name, call.arguments, call.value) for call in unwritten] == [
        ("shop.Stock.sorted_by", (("key", ""),), "['cup']"),
        ("shop.halves", (("numbers", ""),), "[0.5, 1.0]"),
    ]


def test_calls_of_other_threads_are_not_recorded(recording: Recording) -> None:
    assert not any("77" in call.source for call in recording.calls)


def test_results_are_those_without_the_recorder(box: Sandbox, recording: Recording) -> None:
    plain = run_tests(box, PLAN, timeout=60)
    assert recording.run.results == plain.results
    assert recording.run.failures == plain.failures
    assert recording.run.results["tests/test_shop.py::test_that_fails"] is TestStatus.FAILED
    assert {path for path in box.changes() if "codegym" in path} == set()


def test_only_the_given_functions_or_tests(box: Sandbox) -> None:
    functions = [Boundary("shop/_money.py", "cut", MONEY[: MONEY.index("def cut")].count("\n") + 1)]
    tests = ["tests/test_shop.py::test_cut", "tests/test_shop.py::test_total"]
    inner = record_calls(box, PLAN, tests, sources=SOURCES, functions=functions, direct=False, timeout=60).calls
    assert {call.function for call in inner} == {"cut"}
    assert [call.source for call in inner if call.kind == "raised"] == [
        "shop.cut(1, fail=True)",
        "shop.cut('x', 1)",
    ]
    few = record_calls(box, PLAN, tests, sources=SOURCES, timeout=60, most=3, most_each=2).calls
    assert [call.source for call in few] == ["shop.total([1, 2], 3, start=10)", "shop.total([])", "shop.cut(12)"]


def test_a_run_that_ends_early_has_no_calls(box: Sandbox) -> None:
    box.write("tests/test_exit.py", b"import os, shop\ndef test_exit():\n    shop.cut(1)\n    os._exit(0)\n")
    early = record_calls(box, PLAN, ["tests/test_exit.py::test_exit"], sources=SOURCES, timeout=60)
    box.remove("tests/test_exit.py")
    assert (early.run.complete, early.calls) == (False, ())


ANSWER = {
    "path": "a.py", "function": "f", "line": 1, "name": "a.f", "source": "a.f(1)", "statement": "", "setup": [],
    "modules": ["a"],
    "arguments": [["x", "1"]], "direct": True, "test": "t", "kind": "returned", "value": "2", "type": "int",
    "message": "", "frames": [],
}  # fmt: skip


@pytest.mark.parametrize("change", [
    {"source": "a.f(x := 1)"}, {"statement": "a.b = 1; c()"}, {"statement": "import os"},
    {"value": "[n for n in a]"}, {"source": "a.f(1); b()"}, {"value": "("},
    {"setup": ["import os"]}, {"kind": "guessed"}, {"line": "1x"}, {"more": 1}, {"value": "-" * 7000 + "1"},
    {"arguments": [["x", "(yield)"]]}, {"frames": [["a.py", "one"]]},
])  # fmt: skip
def test_a_forged_answer_is_left_out(change: dict[str, object]) -> None:
    assert len(read_calls([ANSWER])) == 1
    assert read_calls([ANSWER | change, 7, None, [], ANSWER]) == read_calls([ANSWER])
    assert read_calls({"not": "a list"}) == read_calls(None) == ()


def test_a_call_made_again_gives_the_same(box: Sandbox, recording: Recording) -> None:
    for call in recording.calls:
        again = replay(box, call, path=".")
        if call.source:
            assert again is not None
            assert again.outcome == call.outcome
            assert again.frames == call.frames
        else:
            assert again is None


def test_a_call_made_again_in_changed_code(box: Sandbox, recording: Recording) -> None:
    call = by_source(recording)["a_stock = shop.Stock(1); a_stock.put('tea'); _ = a_stock.take(); len(a_stock)"]
    box.write("shop/_money.py", MONEY.replace("return len(self.items)", "return 7").encode())
    again = replay(box, call, path=".")
    box.write("shop/_money.py", MONEY.replace('"main"', "1 / 0").encode())
    broken = replay(box, call, path=".")
    box.write("shop/_money.py", MONEY.encode())
    assert again == call.model_copy(update={"value": "7"})
    assert broken is None
