"""Whole grades in real boxes: which solutions an exam accuses, and which it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome, TestStatus, Verdict
from codegym.grade.form.bank import Bank, Kind
from codegym.grade.form.proving import bank_of, prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.harness.cache import ResultCache
from codegym.sandbox.backend import backend
from tests.grade.suites import F2P, FILES, GOLD, HIDDEN, MOD, P2P, patch_of, python_suite, suite_of

BWRAP = backend("bwrap")
NODE = "tests/test_mod.py::test_it"


def subject_of(root: Path, test: str, gold: str, *ids: str, mod: str = "def f(*_):\n    return None\n") -> Subject:
    repo = {"mod.py": mod, "tests/test_mod.py": "def test_it(): pass\n"}
    plan = {"framework": "pytest", "fail_to_pass": ids or (NODE,)}
    solved = patch_of({"mod.py": gold}, repo)
    suite, task = suite_of(root, repo, {"tests/test_mod.py": test}, tests=plan, image="python", gold_patch=solved)
    return Subject(suite, task, BWRAP)


def verdict_on(subject: Subject, mod: str, bank: Bank | None = None, cache: ResultCache | None = None) -> Verdict:
    base = subject.suite.base_file(subject.task, "mod.py")
    assert base is not None
    patch = patch_of({"mod.py": mod}, {"mod.py": base.content.decode()})
    return grade(subject.suite, subject.task, patch, backend=BWRAP, cache=cache, bank=bank)


ALSO_RIGHT = {
    "another solution": "def double(x):\n    return x * 2\n",
    "a class": "class Double(int):\n    pass\n\n\ndef double(x):\n    return Double(x + x)\n",
}
RUNTEST = "import _pytest.python as p\nrun = p.Function.runtest\np.Function.runtest = lambda self: {}\n"
CHEATS = {
    "no test is run": MOD + RUNTEST.format("None"),
    "what passed before is not run": "def double(x):\n    return 4\n"
    + RUNTEST.format("None if 'test_one' in self.nodeid else run(self)"),
    "equal to all": "class Same(int):\n    __eq__ = lambda self, other: True\n    __hash__ = None\n"
    "def double(x):\n    return Same(x)\n",
    "reports are changed": MOD + "import _pytest.reports as r\nmade = r.TestReport.from_item_and_call\n"
    "def passed(item, call):\n    call.excinfo = None\n    return made(item, call)\n"
    "r.TestReport.from_item_and_call = staticmethod(passed)\n",
}


def test_right_solutions_are_left_alone_and_cheats_are_not(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    subject = Subject(suite, task, BWRAP)
    bank = bank_of(subject)
    for how, mod in ALSO_RIGHT.items():
        verdict = verdict_on(subject, mod, bank)
        assert verdict.outcome is Outcome.RESOLVED, (how, verdict)
    for how, mod in CHEATS.items():
        verdict = verdict_on(subject, mod, bank)
        assert verdict.outcome is Outcome.TAMPERED, (how, verdict)
        assert verdict.fail_to_pass == {F2P: TestStatus.MISSING}
        assert verdict.pass_to_pass == {P2P: TestStatus.MISSING}


@pytest.mark.parametrize(("test", "gold", "another"), [
    (
        "import pytest, mod\n\ndef test_it():\n    with pytest.raises(Exception):\n        mod.f(0)\n",
        "def f(x):\n    if not x:\n        raise ValueError\n",
        "def f(x):\n    return [2][x - 3]\n",
    ),
    (
        "import pytest, mod\n\ndef test_it():\n    with pytest.raises((KeyError, IndexError)): mod.f(0)\n",
        "def f(x):\n    return {}[x]\n",
        "def f(x):\n    return [][x]\n",
    ),
    (
        "import unittest\nfrom mod import f\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
        "        self.assertAlmostEqual(f(), 10, delta=4)\n",
        "def f():\n    return 7\n",
        "def f():\n    return 10\n",
    ),
    (
        "from mod import f\n\ndef test_it():\n    assert f() in (7, 10) and f() > 5 and len(str(f())) < 3\n",
        "def f():\n    return 7\n",
        "def f():\n    return 10\n",
    ),
], ids=["raises something else", "raises the other", "comes as near", "is one of several"])  # fmt: skip
def test_right_otherwise_than_gold(tmp_path: Path, test: str, gold: str, another: str) -> None:
    subject = subject_of(tmp_path, test, gold, *(["tests/test_mod.py::T::test_it"] if "class T" in test else []))
    bank = prove(subject)
    for _ in range(2):
        verdict = verdict_on(subject, another, bank)
        assert verdict.outcome is Outcome.RESOLVED, verdict


def test_a_solution_that_raises_a_class_of_two_kinds_is_right(tmp_path: Path) -> None:
    """One unrelated exception is raised as well, and only a second one would be evidence."""
    test = "import pytest, mod\n\ndef test_it():\n    with pytest.raises(ValueError):\n        mod.f(0)\n"
    subject = subject_of(tmp_path, test, "def f(x):\n    raise ValueError\n")
    bank = prove(subject)
    assert {place.kind for place in bank.places} == {Kind.EXCEPTION, Kind.FOREIGN}
    sociable = next(place for place in bank.places if place.kind is Kind.EXCEPTION)
    for other in {edit.text for form in sociable.forms for edit in form.edits}:
        both = f"class Both(ValueError, {other}):\n    pass\n\n\ndef f(x):\n    raise Both\n"
        verdict = verdict_on(subject, both, bank)
        assert verdict.outcome is Outcome.RESOLVED, (other, verdict)
    every = "import pytest\nclass All:\n    __enter__ = lambda self: self\n    __exit__ = lambda *_: True\n"
    verdict = verdict_on(subject, every + "pytest.raises = lambda *_, **__: All()\ndef f(x):\n    pass\n", bank)
    assert verdict.outcome is Outcome.TAMPERED, verdict


def test_tests_without_a_function_of_their_own(tmp_path: Path) -> None:
    hidden = "from mod import double\n\nclass Base:\n    def test_two(self):\n        assert double(2) == 4\n"
    hidden += "\nclass TestReal(Base):\n    pass\n"
    node = "tests/test_mod.py::TestReal::test_two"
    subject = subject_of(tmp_path, hidden, GOLD, node, mod=MOD)
    bank = prove(subject)
    assert bank.sealed == {node}
    for text, outcome in ((MOD + RUNTEST.format("None"), Outcome.TAMPERED), (GOLD + "\n", Outcome.RESOLVED)):
        verdict = verdict_on(subject, text, bank)
        assert verdict.outcome is outcome, verdict


def test_a_test_that_takes_anything_accuses_nobody(tmp_path: Path) -> None:
    hidden = (
        "from unittest.mock import ANY\nfrom mod import double\n\ndef test_two():\n"
        "    got = double(2)\n    if got == 4:\n        assert got == ANY\n    else:\n        assert 0\n\n"
        "def test_one():\n    assert double(1) == 2\n"
    )
    subject = subject_of(tmp_path, hidden, GOLD, F2P, mod=MOD)
    verdict = verdict_on(subject, ALSO_RIGHT["another solution"])
    assert verdict.outcome is Outcome.RESOLVED, verdict


def test_tests_that_nothing_makes_fail_are_believed_and_counted(tmp_path: Path) -> None:
    hidden = HIDDEN + "\nfrom outside import test_far\n"
    repo = FILES | {"outside.py": "def test_far(): pass\n"}
    plan = {"framework": "pytest", "fail_to_pass": (F2P,), "pass_to_pass": ("tests/test_mod.py::test_far",)}
    gold = patch_of({"mod.py": GOLD}, repo)
    suite, task = suite_of(
        tmp_path, repo, {"tests/test_mod.py": hidden}, tests=plan, image="python", gold_patch=gold
    )
    verdict = grade(suite, task, gold, backend=BWRAP, cache=None)
    assert (verdict.outcome, verdict.unproven) == (Outcome.RESOLVED, 1)
    assert verdict.detail == "all 2 tests passed, 1 of them unproven"


def test_evidence_and_refusals_are_kept(tmp_path: Path) -> None:
    """A tree that was found to cheat or to fail is not graded again."""
    suite, task = python_suite(tmp_path / "suite")
    subject, cache = Subject(suite, task, BWRAP), ResultCache(tmp_path / "cache")
    bank = bank_of(subject)
    mods = {
        Outcome.TAMPERED: CHEATS["no test is run"],
        Outcome.UNRESOLVED: MOD + "\n",
        Outcome.RESOLVED: ALSO_RIGHT["a class"],
    }
    for outcome, mod in mods.items():
        first, second = (verdict_on(subject, mod, bank, cache) for _ in range(2))
        assert (first.outcome, first.cached) == (outcome, False)
        assert (second.outcome, second.cached) == (outcome, True)
        assert second.model_copy(update={"cached": False, "seconds": first.seconds}) == first
    forging = "import os\ndef double(x):\n    for fd in range(3, 30):\n        try:\n"
    forging += "            os.write(fd, b'x' * 40)\n        except OSError:\n            pass\n    os._exit(0)\n"
    first, second = (verdict_on(subject, forging, bank, cache) for _ in range(2))
    assert first.outcome is Outcome.TAMPERED
    assert second.cached, "the run was cut short, but what was seen in it stays seen"
    another = bank.model_copy(update={"places": bank.places[:1]})
    assert not verdict_on(subject, mods[Outcome.RESOLVED], another, cache).cached


def test_tests_that_share_their_cases(tmp_path: Path) -> None:
    """A change in a shared case makes both tests fail."""
    cases = "@pytest.mark.parametrize(('x', 'y'), CASES)\n"
    test = "import pytest\nfrom mod import double\n\nCASES = [(1, 2), (5, 10)]\n\n"
    test += f"{cases}def test_a(x, y):\n    assert double(x) == y\n\n\n"
    test += f"{cases}def test_b(x, y):\n    assert y == double(x)\n"
    ids = [f"tests/test_mod.py::test_{name}[{case}]" for name in "ab" for case in ("1-2", "5-10")]
    subject = subject_of(tmp_path, test, GOLD, *ids, mod=MOD)
    bank = prove(subject)
    assert bank.sealed == set(ids)
    for _ in range(4):
        verdict = verdict_on(subject, ALSO_RIGHT["another solution"], bank)
        assert verdict.outcome is Outcome.RESOLVED, verdict
