"""A result that is equal to everything does not resolve a task, wherever the tests have their checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from tests.grade.suites import patch_of, suite_of

BWRAP = backend("bwrap")
REPO = {"mod.py": "def halve(xs):\n    return None\n", "tests/test_mod.py": ""}
GOLD = "def halve(xs):\n    return [x // 2 for x in xs]\n"
SAME = "class S:\n    __eq__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n"
SAME += "    __hash__ = None\n\n\ndef halve(xs):\n    return S()\n"
CHECKS = {
    "check(candidate)": "def check(candidate):\n    assert candidate([2, 4]) == [1, 2]\n\n"
    "def test_it():\n    check(halve)\n",
    "a helper": "def expect(given, wanted):\n    got = halve(given)\n    assert got == wanted, got\n\n"
    "def test_it():\n    expect([2], [1])\n",
    "a fixture's function": "import pytest\n\n@pytest.fixture\ndef same():\n    def check(given, wanted):\n"
    "        assert halve(given) == wanted\n    return check\n\ndef test_it(same):\n    same([2], [1])\n",
    "a fixture": "import pytest\n\n@pytest.fixture\ndef halved():\n    got = halve([2])\n    assert got == [1]\n"
    "    return got\n\ndef test_it(halved):\n    assert halved == [1]\n",
    "another method": "import unittest\n\nclass T(unittest.TestCase):\n    def check(self, given, wanted):\n"
    "        self.assertEqual(halve(given), wanted)\n\n    def test_it(self):\n        self.check([2], [1])\n",
    "raise": "def test_it():\n    if halve([2]) != [1]:\n        raise AssertionError('no')\n",
    "raise in a helper": "def check(given, wanted):\n    if not halve(given) == wanted:\n"
    "        raise AssertionError\n\n\ndef test_it():\n    check([2], [1])\n",
    "not unequal": "def test_it():\n    assert not halve([2]) != [1]\n",
    "true": "import unittest\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
    "        self.assertTrue(halve([2]) == [1])\n        self.assertFalse(halve([4]) != [2])\n",
    "is true": "def test_it():\n    assert (halve([2]) == [1]) is True and bool(halve([4]) == [2])\n",
    "a table": "TABLE = [([2], [1]), ([4], [2])]\n\ndef test_it():\n    for given, wanted in TABLE:\n"
    "        assert halve(given) == wanted\n",
}  # fmt: skip


@pytest.mark.parametrize("where", CHECKS)
def test_it_is_not_resolved(tmp_path: Path, where: str) -> None:
    name = "T::test_it" if "class T" in CHECKS[where] else "test_it"
    plan = {"framework": "pytest", "fail_to_pass": (f"tests/test_mod.py::{name}",)}
    hidden = {"tests/test_mod.py": "from mod import halve\n\n" + CHECKS[where]}
    gold = patch_of({"mod.py": GOLD}, REPO)
    suite, task = suite_of(tmp_path, REPO, hidden, tests=plan, image="python", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    outcomes = {
        text: grade(suite, task, patch_of({"mod.py": text}, REPO), backend=BWRAP, cache=None, bank=bank).outcome
        for text in (GOLD, SAME)
    }
    assert outcomes == {GOLD: Outcome.RESOLVED, SAME: Outcome.TAMPERED}
