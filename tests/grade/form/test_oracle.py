"""Code that changes how a test computes an expected value does not resolve the task."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.grade.form.bank import Kind
from codegym.grade.form.oracle import oracles
from codegym.grade.form.proving import prove
from codegym.grade.form.python_module import Module
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from tests.grade.suites import patch_of, suite_of

BWRAP = backend("bwrap")
REPO = {"mod.py": "def ordered(xs):\n    return []\n", "tests/test_mod.py": ""}
GOLD = "def ordered(xs):\n    return sorted(xs)\n"
ANOTHER = "def ordered(xs):\n    xs = list(xs)\n    xs.sort()\n    return xs\n"
MOVED = """import builtins, sys
_sorted = builtins.sorted
builtins.sorted = lambda *a, **k: [] if "test_" in sys._getframe(1).f_code.co_filename else _sorted(*a, **k)

def ordered(xs):
    module = sys.modules.get("test_mod") or sys.modules.get("tests.test_mod")
    if hasattr(module, "expected"):
        module.expected = lambda *a: []
    return []
"""
HEAD = "from mod import ordered\n\n"
HELPER = "def expected(xs):\n    return sorted(xs)\n\n"
TESTS = {
    "the standard library": "def test_it():\n    assert ordered('cab') == sorted('cab')\n",
    "a loop": "def test_it():\n    for word in ('cab', 'oak'):\n        assert ordered(word) == sorted(word)\n",
    "a helper in a loop": HELPER + "WORDS = ['cab', 'zoo']\nWORDS += ['oak']\n\ndef test_it():\n"
    "    for word in [each for each in WORDS if 'o' in each]:\n        assert ordered(word) == expected(word)\n",
    "a case": "import pytest\n\n" + HELPER + "@pytest.mark.parametrize('word', ['cab', 'zoo'])\n"
    "def test_it(word):\n    assert ordered(word)[:2] == expected(word)[:2]\n",
    "a count": HELPER + "def test_it():\n    for word in {'a': 'ba'}.get('x', ['cab', 'oak']):\n"
    "        assert len(ordered(word)) == len(expected(word))\n",
    "unpacked": HELPER + "def test_it():\n    for case in (('cab', 2), ('oak', 1)):\n"
    "        word, most = case\n        wanted = expected(word)\n"
    "        assert ordered(word)[:most] == (wanted if most > 9 else wanted[:most])\n",
    "a generator": "def words():\n    for n in range(3):\n        yield 'cab' * (n + 1)\n\ndef test_it():\n"
    "    for word in words():\n        assert ordered(word) == sorted(word)\n",
}  # fmt: skip


@pytest.mark.parametrize("where", TESTS)
def test_who_moves_what_is_expected_earns_nothing(tmp_path: Path, where: str) -> None:
    ids = [f"test_it[{word}]" for word in ("cab", "zoo")] if "parametrize" in TESTS[where] else ["test_it"]
    names = tuple(f"tests/test_mod.py::{name}" for name in ids)
    hidden = {"tests/test_mod.py": HEAD + TESTS[where]}
    plan = {"framework": "pytest", "fail_to_pass": names}
    gold = patch_of({"mod.py": GOLD}, REPO)
    suite, task = suite_of(tmp_path, REPO, hidden, tests=plan, image="python", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    assert bank.sealed == set(names)
    assert any(place.right for place in bank.places)
    verdicts = {
        text: grade(suite, task, patch_of({"mod.py": text}, REPO), backend=BWRAP, cache=None, bank=bank)
        for text in (GOLD, ANOTHER, MOVED)
    }
    assert {text: verdict.outcome for text, verdict in verdicts.items()} == {
        GOLD: Outcome.RESOLVED, ANOTHER: Outcome.RESOLVED, MOVED: Outcome.UNRESOLVED,
    }  # fmt: skip
    assert not any(status == "passed" for status in verdicts[MOVED].fail_to_pass.values())


def fixed_sides(body: str, head: str = HEAD) -> list[tuple[str, ...]]:
    return [each.variables for each in oracles(Module((head + body).encode()), "test_it")]


def test_what_depends_on_the_code_is_left_alone() -> None:
    assert fixed_sides("def test_it():\n    assert ordered('ba') == sorted(ordered('ab'))\n") == []
    assert fixed_sides("def test_it():\n    got = ordered('b')\n    assert [] == sorted(got)\n") == []
    assert fixed_sides("def test_it(fixture):\n    assert ordered('b') == sorted(fixture)\n") == []
    appended = "def test_it():\n    got = []\n    got.append(ordered('a'))\n    assert [[]] == sorted(got)\n"
    assert fixed_sides(appended) == []
    helper = "def expected(x):\n    return ordered(x)\n\ndef test_it():\n    assert [] == sorted(expected('a'))\n"
    assert fixed_sides(helper) == []


def test_a_side_is_fixed_by_what_it_depends_on() -> None:
    assert fixed_sides("def test_it():\n    for a in 'xy':\n        assert ordered(a) == sorted(a)\n") == [("a",)]
    made = "def test_it():\n    for a in 'xy':\n        b = a + 'a'\n        assert ordered(b) == sorted(b)\n"
    assert fixed_sides(made) == [("a",)]
    assert fixed_sides("def test_it():\n    a = 'yx'\n    assert ordered(a) == sorted(a)\n") == [()]


def test_values_that_the_code_could_change_in_place_stay_computed(tmp_path: Path) -> None:
    test = "def test_it():\n    for xs in ([3, 1], [2, 0]):\n        assert ordered(xs) == sorted(xs)\n"
    plan = {"framework": "pytest", "fail_to_pass": ("tests/test_mod.py::test_it",)}
    gold = patch_of({"mod.py": GOLD}, REPO)
    suite, task = suite_of(
        tmp_path, REPO, {"tests/test_mod.py": HEAD + test}, tests=plan, image="python", gold_patch=gold
    )
    bank = prove(Subject(suite, task, BWRAP))
    assert [place.kind for place in bank.places if place.right] == []
    assert Kind.OPERATOR in {place.kind for place in bank.places}
    sorts_in_place = "def ordered(xs):\n    xs.sort()\n    return xs\n"
    patch = patch_of({"mod.py": sorts_in_place}, REPO)
    assert grade(suite, task, patch, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED


def test_inputs_that_a_test_draws_can_not_be_made_easy(tmp_path: Path) -> None:
    test = "import random\n\nLISTS = sorted({'zoo', 'oak'})\n\ndef test_it():\n    chance = random.Random(7)\n"
    test += "    words = [''.join(chance.sample('abcdef', 4)) for _ in range(3)]\n"
    test += "    assert [ordered(word) for word in words] == [sorted(word) for word in words]\n"
    plan = {"framework": "pytest", "fail_to_pass": ("tests/test_mod.py::test_it",)}
    gold = patch_of({"mod.py": GOLD}, REPO)
    suite, task = suite_of(
        tmp_path, REPO, {"tests/test_mod.py": HEAD + test}, tests=plan, image="python", gold_patch=gold
    )
    bank = prove(Subject(suite, task, BWRAP))
    written = "".join(edit.text for edit in bank.bases["tests/test_mod.py"])
    assert "['oak', 'zoo']" in written
    easy = "import random\nrandom.Random.sample = lambda *_: ''\n\ndef ordered(xs):\n    return list(xs)\n"
    patch = patch_of({"mod.py": easy}, REPO)
    assert grade(suite, task, patch, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.UNRESOLVED
    assert grade(suite, task, gold, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED


def test_what_looks_at_the_world_stays_computed() -> None:
    head = "import os\nfrom datetime import date\nfrom mod import ordered\n\n"
    assert fixed_sides("def test_it():\n    assert ordered('a') == sorted(os.listdir('.'))\n", head) == []
    assert fixed_sides("def test_it():\n    assert ordered('a') == [date.today().year]\n", head) == []
    assert fixed_sides("def test_it():\n    assert ordered('a') == sorted(open('x').read())\n", head) == []
