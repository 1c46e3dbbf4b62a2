"""Right solutions that differ from gold are neither refused nor accused.

Exams are random, so each run tests one of many possible exams. When written, each design was graded many times.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codegym.episode import Outcome, Verdict
from codegym.grade.form.bank import Bank
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from codegym.suite import Suite
from codegym.task import Task
from tests.grade.suites import patch_of, suite_of

BWRAP = backend("bwrap")
TESTS = """\
import unittest

import pytest
import shop


def test_few_questions():
    asked = []

    def ask(number):
        asked.append(number)
        return number >= 37

    assert shop.first(100, ask) == 37
    assert len(asked) <= 7
    assert asked != []


def test_register():
    assert shop.register("tea") == "tea"
    assert shop.names() == ["tea"]
    shop.forget("tea")


def test_register_more():
    assert shop.register("tea") == "tea"
    assert shop.register("milk") == "milk"
    assert shop.names() == ["tea", "milk"]
    shop.forget("tea")
    shop.forget("milk")


def test_register_twice():
    shop.register("rum")
    try:
        again = shop.register("rum")
        assert again == "rum"
    except ValueError as error:
        assert "rum" in str(error)
    assert shop.names() == ["rum"]
    shop.forget("rum")


def test_old_name_warns():
    with pytest.warns(DeprecationWarning):
        assert shop.old_total([2, 2]) == 4


def test_refuses():
    with pytest.raises(ValueError):
        shop.parse("3 apples, x pears")


def test_parse():
    assert shop.parse("3 apples, 4 pears") == {"apples": 3, "pears": 4}
    assert shop.parse("") == {}


def test_results():
    assert shop.total([1, 2, 39]) == 42
    assert shop.label("tea", 3) == "3 x tea"
    assert shop.corner() == (3, 7)
    assert list(shop.halves([2, 4])) == [1, 2]
    assert shop.fresh() is True


def test_problems_are_said():
    for problem in shop.problems("3 apples, x pears"):
        assert "pears" in problem
    assert shop.problems("3 apples") == []


def test_each_is_called():
    seen = []

    def look(item):
        seen.append(item)
        assert item in ("a", "b")

    shop.each(["a", "b"], look)
    assert sorted(seen) == ["a", "b"]


CASES = [("1 a", 7), ("1 a, 1 b", 7), ("", 7)]


def test_cost_is_bounded():
    for text, most in CASES:
        assert shop.cost(text) <= most


class Prices(unittest.TestCase):
    def test_near(self):
        assert shop.guess() == pytest.approx(10, abs=4)
        self.assertAlmostEqual(shop.guess(), 10, delta=4)
        self.assertLessEqual(shop.guess(), 12)
        self.assertTrue(shop.guess() < 9 or shop.fresh())
"""
GOLD = """\
import warnings

_names = []


def first(count, ask):
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ask(middle) else (middle + 1, high)
    return low


def register(name):
    if name not in _names:
        _names.append(name)
    return name


def forget(name):
    _names.remove(name)


def names():
    return sorted(_names, reverse=True)


def total(numbers):
    return sum(numbers)


def old_total(numbers):
    warnings.warn("use total", DeprecationWarning)
    return total(numbers)


def parse(text):
    found = {}
    for part in filter(None, text.split(", ")):
        count, name = part.split()
        found[name] = int(count)
    return found


def problems(text):
    return [part + "!" for part in filter(None, text.split(", ")) if not part[0].isdigit()]


def label(name, count):
    return f"{count} x {name}"


def corner():
    return (3, 7)


def halves(numbers):
    return [number // 2 for number in numbers]


def fresh():
    return True


def each(items, action):
    for item in items:
        action(item)


def cost(text):
    return 7


def guess():
    return 7
"""
STUBS = [f"def {name}(*_):\n    return None\n" for name in re.findall(r"^def (\w+)", GOLD, re.MULTILINE)]
REPO = {"shop.py": "\n".join(STUBS), "tests/test_shop.py": "def test_nothing():\n    pass\n"}
NODES = tuple(f"tests/test_shop.py::{name}" for name in re.findall(r"^def (test_\w+)", TESTS, re.MULTILINE))
NODES = (*NODES, "tests/test_shop.py::Prices::test_near")
DESIGNS = dict(
    each.split("\n", 1) for each in Path(__file__).with_name("designs.txt").read_text().split("\n=== ")[1:]
)
SPLIT = {
    "shop.py": "from shop_parts import *\n",
    "shop_parts/__init__.py": "from shop_parts import json, random\nfrom shop_parts.json import *\n"
    "from shop_parts.random import first\n",
    "shop_parts/json.py": GOLD,
    "shop_parts/random.py": "from shop_parts.json import first\n",
}
PACKAGE = {"shop.py": None, "shop/__init__.py": "from .types import *\n", "shop/types.py": GOLD}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Task, Bank]:
    root = tmp_path_factory.mktemp("shop")
    plan = {"framework": "pytest", "fail_to_pass": NODES}
    gold = patch_of({"shop.py": GOLD}, REPO)
    suite, task = suite_of(root, REPO, {"tests/test_shop.py": TESTS}, tests=plan, image="python", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    assert bank.gold_fails == ""
    assert bank.unproven(NODES) == ()
    return suite, task, bank


def verdict(shop: tuple[Suite, Task, Bank], changes: dict[str, str | None]) -> Verdict:
    suite, task, bank = shop
    return grade(suite, task, patch_of(changes, REPO), backend=BWRAP, cache=None, bank=bank)


def packed() -> list[list[str]]:
    """Combine designs that change different names, up to four in a solution, in the order of the file."""
    packs: list[tuple[list[str], set[str]]] = []
    for design, text in DESIGNS.items():
        names = set(re.findall(r"^(?:def |class |del )?(\w+)(?= = |\(|:|$)", text, re.MULTILINE))
        pack = next((each for each in packs if len(each[0]) < 4 and not each[1] & names), None)
        if pack is None:
            packs.append(([design], names))
        else:
            pack[0].append(design)
            pack[1].update(names)
    return [pack for pack, _ in packs]


@pytest.mark.parametrize("pack", packed(), ids=", ".join)
def test_designs(shop: tuple[Suite, Task, Bank], pack: list[str]) -> None:
    text = "\n\n\n".join([GOLD, *(DESIGNS[design] for design in pack)])
    given = verdict(shop, {"shop.py": text})
    assert given.outcome is Outcome.RESOLVED, given


@pytest.mark.parametrize("files", [SPLIT, PACKAGE], ids=["split", "a package"])
def test_modules_are_arranged_otherwise(shop: tuple[Suite, Task, Bank], files: dict[str, str | None]) -> None:
    given = verdict(shop, files)
    assert given.outcome is Outcome.RESOLVED, given
