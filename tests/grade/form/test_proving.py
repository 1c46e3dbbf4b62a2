"""Makes banks of small Python suites; tests what is proven in them, and what by a literal."""

from __future__ import annotations

from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from codegym.catalog import cache_dir
from codegym.grade.exam import Examiner
from codegym.grade.form.bank import Bank, Kind, bank_key, keep_banks
from codegym.grade.form.proving import bank_of, prove
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from codegym.suite import Suite
from codegym.task import Task
from tests.grade.banks import rights, wrongs
from tests.grade.suites import F2P, FILES, HIDDEN, MOD, P2P, patch_of, suite_of

BWRAP = backend("bwrap")
GOLD = "def double(x):\n    return 2 * x\n\n\ndef pair(x):\n    return x, 2 * x\n"
SUITE = {
    "tests/helpers.py": """
from mod import double

def check(given, wanted):
    if double(given) != wanted:
        raise AssertionError(f"{given}: {wanted}")

class Checks:
    def check_all(self, given):
        assert double(given) == given + given

    def test_inherited(self):
        assert double(4) == 8
""",
    "tests/conftest.py": """
import pytest
from mod import double

@pytest.fixture
def doubled():
    assert double(3) == 6
    return double
""",
    "tests/test_mod.py": """
import unittest, pytest
from mod import double, pair
from helpers import Checks, check

ROWS = [(1, 2), (5, 10), (20, 40)]
NAMED = {"three": (3, 6), "four": (4, 8)}
CASES = [(11, 22), pytest.param(12, 24, id="dozen")]

def test_literal():
    assert double(2) == 4

def test_text():
    assert str(double(2)) + "x" == "4x"

def test_name():
    wanted = [7, 14]
    assert list(pair(7)) == wanted

def test_helper():
    check(2, 4)

def test_denial():
    if double(2) != 4:
        raise AssertionError

def test_fixture(doubled):
    doubled(1)

def test_other_shape():
    assert double(3) == double(1) + double(2)

def test_true():
    assert double(2) > 3

def test_raises():
    with pytest.raises(TypeError):
        double(None)

def test_nothing():
    double(2)

@pytest.mark.parametrize("given, wanted", [(1, 2), (2, 4)])
def test_cases(given, wanted):
    assert double(given) == wanted

@pytest.mark.parametrize("given, wanted", [(1, 2), (2, 4)], ids=["one", "two"])
def test_named(given, wanted):
    assert double(given) == wanted

@pytest.mark.parametrize("given, wanted", [pytest.param(1, 2), pytest.param(2, 4, id="two")])
def test_params(given, wanted):
    assert double(given) == wanted

@pytest.mark.parametrize("given, wanted", CASES)
def test_constant(given, wanted):
    assert double(given) == wanted

@pytest.mark.parametrize("number", range(3))
def test_table(number):
    given, wanted = ROWS[number]
    assert double(given) == wanted

@pytest.mark.parametrize("name", sorted(NAMED))
def test_dictionary(name):
    assert double(NAMED[name][0]) == NAMED[name][1]

class TestMethods(unittest.TestCase, Checks):
    def test_method(self):
        self.check_all(5)

    def test_equal(self):
        self.assertEqual(double(6), 12)
""",
}
SEALED = [
    "test_literal", "test_text", "test_name", "test_denial", "test_fixture", "test_cases[1-2]", "test_cases[2-4]",
    "test_named[one]", "test_named[two]", "test_params[1-2]", "test_params[two]", "test_constant[11-22]",
    "test_constant[dozen]", "test_table[0]", "test_table[1]", "test_table[2]", "TestMethods::test_equal",
    "TestMethods::test_inherited",
]  # fmt: skip
PROVEN = [
    "test_dictionary[four]",
    "test_dictionary[three]",
    "test_helper",
    "test_other_shape",
    "test_true",
    "test_raises",
    "test_nothing",
    "TestMethods::test_method",
]


def ids(names: list[str]) -> tuple[str, ...]:
    return tuple(f"tests/test_mod.py::{name}" for name in names)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    repo = {"mod.py": MOD + GOLD.partition("\n\n")[2], "tests/test_mod.py": "", "tests/helpers.py": ""}
    repo |= {"pytest.ini": "[pytest]\npythonpath = . tests\n"}
    plan = {"framework": "pytest", "fail_to_pass": ids(SEALED), "pass_to_pass": ids(PROVEN)}
    gold = patch_of({"mod.py": GOLD}, repo)
    root = tmp_path_factory.mktemp("suite")
    suite, task = suite_of(root, repo, SUITE, tests=plan, image="python", gold_patch=gold)
    return Subject(suite, task, BWRAP)


@pytest.fixture(scope="module")
def bank(subject: Subject) -> Bank:
    return prove(subject)


def test_all_is_proven_and_sealed_where_a_literal_is_expected(bank: Bank) -> None:
    assert bank.gold_fails == ""
    assert bank.unproven(bank.tests) == ids(["test_nothing"])
    assert bank.examinable == frozenset(bank.tests)
    assert set(ids(SEALED)) - bank.sealed == set()


def test_in_which_way_the_others_are_proven(bank: Bank) -> None:
    kinds = {
        test: {place.kind for place in bank.places if any(bank.tests.index(test) in f.fails for f in place.forms)}
        for test in ids(PROVEN)
    }
    usual = {test: {Kind.OPERATOR} for test in ids(PROVEN)}
    usual |= {ids(["test_nothing"])[0]: {Kind.RESULT}}
    assert kinds == usual | {ids(["test_raises"])[0]: {Kind.EXCEPTION, Kind.FOREIGN}}


def test_a_case_s_form_fails_that_case_alone(bank: Bank) -> None:
    for names in (["test_cases[1-2]"], ["test_named[two]"], ["test_params[two]"], ["test_table[1]"]):
        number = bank.tests.index(ids(names)[0])
        forms = [form for place in bank.places for form in place.forms if number in form.fails]
        assert forms
        assert any(form.fails == (number,) for form in forms)


def test_places_at_which_the_unpatched_tree_fails_are_noted(bank: Bank) -> None:
    at_failure = {bank.tests[n] for p in bank.places if p.fails_unpatched for f in p.forms for n in f.fails}
    assert set(ids(["test_literal", "test_denial", "TestMethods::test_equal"])) <= at_failure


def test_exams_from_it_examine_every_test(subject: Subject, bank: Bank) -> None:
    files = {**subject.deciding_files, **subject.helper_files}
    quick = bank.model_copy(update={"seconds": 0.01, "core_seconds": 0.01})
    for seed in range(20):
        sheets = Examiner(quick, subject.task.tests, files, Random(seed)).draw_exam()
        for test in bank.tests:
            assert rights(sheets, test)
            assert wrongs(sheets, test)


def own_suite(root: Path) -> tuple[Suite, Task]:
    """Return a suite with a new task, so that no bank of it is in the cache."""
    repo = FILES | {"unique.txt": uuid4().hex}
    plan = {"framework": "pytest", "fail_to_pass": (F2P,), "pass_to_pass": (P2P,)}
    gold = patch_of({"mod.py": GOLD}, repo)
    hidden = {"tests/test_mod.py": HIDDEN}
    return suite_of(root, repo, hidden, tests=plan, image="python", gold_patch=gold)


def remembered(task: Task) -> list[Path]:
    """Return the files with banks of a task in this machine's cache."""
    key = bank_key(task)
    return [path for path in (cache_dir() / "forms").rglob("*.json") if key in path.read_text()]


def test_a_bank_is_made_once_and_remembered(tmp_path: Path) -> None:
    suite, task = own_suite(tmp_path)
    first = bank_of(Subject(suite, task, BWRAP))
    assert first.unproven(first.tests) == ()
    (path,) = remembered(task)
    path.write_text(path.read_text().replace(f'"seconds":{first.seconds}', '"seconds":77.0'))
    assert bank_of(Subject(suite, task, BWRAP)).seconds == 77.0
    keep_banks(suite, {"t": first})
    assert bank_of(Subject(suite, task, BWRAP)) == first


def test_without_gold_nothing_is_proven(tmp_path: Path) -> None:
    suite, task = own_suite(tmp_path)
    for patch in ("", task.gold_patch.replace("x + 1", "x + 2")):
        bank = bank_of(Subject(suite, task.model_copy(update={"gold_patch": patch}), BWRAP))
        assert bank.places == ()
        assert remembered(task) == []
        assert bank.unproven(bank.tests) == bank.tests == (*task.tests.fail_to_pass, *task.tests.pass_to_pass)


@pytest.mark.parametrize(("mod", "fails", "proven"), [
    ("def double(x):\n    return 4\n", "tests fail", 1),
    ("import os\nos._exit(0)\n", "not_started", 0),
    ("def double(x):\n    return bytearray(1 << 30)\n", "memory", 0),
])  # fmt: skip
def test_gold_that_fails_is_said_and_not_remembered(tmp_path: Path, mod: str, fails: str, proven: int) -> None:
    suite, task = own_suite(tmp_path)
    task = task.model_copy(update={"gold_patch": patch_of({"mod.py": mod})})
    bank = bank_of(Subject(suite, task, BWRAP))
    assert len(bank.proven) == proven
    assert bank.gold_fails == fails or (fails == "memory" and bank.gold_fails)
    assert remembered(task) == []
