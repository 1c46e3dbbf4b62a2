"""A test in which nothing can be changed gets an extra check, at a place that every run reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.grade.form.bank import Kind
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from tests.grade.suites import patch_of, suite_of

BWRAP = backend("bwrap")
REPO = {"mod.py": "def parts(x):\n    return []\n\ndef twice(x):\n    return x\n", "tests/test_mod.py": ""}
GOLD = "def parts(x):\n    return [x]\n\ndef twice(x):\n    return 2 * x\n"
HEAD = "from mod import parts, twice\n\ndef test_twice():\n    assert twice(2) == 4\n\n"
TESTS = [
    "def test_it():\n    got = parts(1)\n    if not got:\n        return\n    str(got)\n",
    "def test_it():\n    for each in parts(1):\n        str(each)\n",
    "def test_it(): str(parts(1))\n",
]


@pytest.mark.parametrize("test", TESTS)
def test_honest_code_that_takes_another_way_is_not_accused(tmp_path: Path, test: str) -> None:
    plan = {
        "framework": "pytest",
        "fail_to_pass": ("tests/test_mod.py::test_twice",),
        "pass_to_pass": ("tests/test_mod.py::test_it",),
    }
    gold = patch_of({"mod.py": GOLD}, REPO)
    suite, task = suite_of(
        tmp_path, REPO, {"tests/test_mod.py": HEAD + test}, tests=plan, image="python", gold_patch=gold
    )
    bank = prove(Subject(suite, task, BWRAP))
    assert Kind.RESULT in {place.kind for place in bank.places}
    for _ in range(3):
        assert grade(suite, task, "", backend=BWRAP, cache=None, bank=bank).outcome is Outcome.UNRESOLVED
    assert grade(suite, task, gold, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED
