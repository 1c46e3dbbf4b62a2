"""Code that changes how a test computes an expected value does not resolve the task."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from codegym.episode import Outcome
from codegym.grade.form.bank import Kind
from codegym.grade.form.edit import Text
from codegym.grade.form.oracle import (
    RECORD_PATH,
    Oracle,
    computed_inputs,
    fix_values,
    oracles,
    read_record,
    recording_module,
)
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


HIDDEN_DEPENDENCE = {
    "a built-in's name": "from mod import sum\ndef test_it():\n    got = sum([1])\n    assert got == 3\n",
    "every name": "from mod import *\ndef test_it():\n    assert sum([1]) == 3\n",
    "a name imported here": "def test_it():\n    from mod import sum\n    got = sum([1])\n    assert got == 2\n",
    "a name defined here": "import mod\ndef test_it():\n    def sum(x):\n        return mod.f(x)\n"
    "    assert sum(1) == 2\n",
    "a class": "import mod\nclass sum(mod.Base):\n    pass\ndef test_it():\n    assert str(sum(3)) == 'a'\n",
    "an exception": "import mod\ndef test_it():\n    str = 1\n    try:\n        mod.f()\n"
    "    except OSError as str:\n        pass\n    assert len(str.args) == 2\n",
    "an import that may fail": "try:\n    from mod import helper\nexcept ImportError:\n    helper = None\n"
    "def test_it():\n    got = helper(3)\n    assert got == 6\n",
    "a decorator": "from mod import cached\n@cached\ndef slow(x):\n    return 2 * x\n"
    "def test_it():\n    got = slow(3)\n    assert got == 6\n",
    "a default": "from mod import f\ndef slow(x=f(3)):\n    return x\ndef test_it():\n    got = slow()\n"
    "    assert got == 6\n",
    "a decorated function here": "from mod import cached\ndef test_it():\n    calls = []\n    @cached\n"
    "    def f(x):\n"
    "        calls.append(1)\n    f(1)\n    count = len(calls)\n    assert count == 1\n",
    "a callback": "import mod\ndef test_it():\n    calls = []\n    def called(x):\n        calls.append(1)\n"
    "    mod.each('ab', called)\n    assert mod.count() == len(calls)\n",
    "a callback of the file": "import mod\nLOG = []\ndef called(x):\n    LOG.append(1)\n"
    "def test_it():\n    mod.each('ab', called)\n    assert mod.count() == len(LOG)\n",
    "a nonlocal": "import mod\ndef test_it():\n    n = 0\n    def called():\n        nonlocal n\n        n += 1\n"
    "    mod.call(called)\n    assert mod.last() == str(n)\n",
    "the turns of a loop": "import mod\ndef test_it():\n    seen = set()\n    for x in mod.items():\n"
    "        seen.add('x')\n    assert mod.count() == len(seen)\n",
    "a loop left early": "import mod\ndef test_it():\n    seen = []\n    for x in 'abc':\n        if mod.f(x):\n"
    "            break\n        seen.append(1)\n    assert mod.count() == len(seen)\n",
    "a branch": "import mod\ndef test_it():\n    kind = 'no'\n    if mod.flag():\n        kind = 'yes'\n"
    "    assert mod.kind() == kind.upper()\n",
    "a block left early": "import mod, pytest\ndef test_it():\n    seen = []\n    with pytest.raises(OSError):\n"
    "        mod.f()\n        seen.append(1)\n    assert mod.count() == len(seen)\n",
    "a patched module": "import mod, math\ndef test_it():\n    mod.patch(math)\n    got = math.sqrt(4)\n"
    "    assert mod.f() == got\n",
    "a number of its own": "import itertools, mod\nIDS = itertools.count()\ndef test_it():\n"
    "    name = f'u{next(IDS)}'\n    assert mod.f(name) == name.upper()\n",
    "a count of calls": "N = 0\nimport mod\ndef fresh():\n    global N\n    N += 1\n    return f'u{N}'\n"
    "def test_it():\n    name = fresh()\n    assert mod.f(name) == name.upper()\n",
    "a draw that all tests share": "import random, mod\ndef test_it():\n    with open('x'):\n        pass\n"
    "    for n in (1,):\n        x = random.random()\n        assert mod.f(x) == round(x, n)\n",
    "an indirect parameter": "import mod, pytest\n@pytest.mark.parametrize('x', [1, 2], indirect=True)\n"
    "def test_it(x):\n    assert mod.f(x) == str(x)\n",
    "a part of a function": "import mod\ndef called():\n    called.n += 1\ncalled.n = 0\n"
    "def test_it():\n    mod.run(called)\n    assert mod.count() == str(called.n)\n",
    "a default that is kept": "import mod\ndef note(x, log=[]):\n    log.append(x)\n    return len(log)\n"
    "def test_it():\n    mod.each('ab', note)\n    assert mod.count() == note('c') - 1\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", HIDDEN_DEPENDENCE)
def test_what_depends_on_the_code_in_a_hidden_way_is_left_alone(kind: str) -> None:
    module = Module(HIDDEN_DEPENDENCE[kind].encode())
    assert [ast.unparse(each.value) for each in oracles(module, "test_it")] == []
    assert [
        each for each in computed_inputs(module, ["test_it"]) if "count()" not in ast.unparse(each.value)
    ] == []


def test_a_value_that_may_change_in_place_is_known_as_exposed() -> None:
    def exposed(body: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        (side,) = oracles(Module((HEAD + "LOG = []\n" + body).encode()), "test_it")
        return side.exposed_names, side.exposed_items

    assert exposed("def test_it():\n    ordered(LOG)\n    assert ordered('a') == sorted(LOG)\n")[0] == ("LOG",)
    alias = "def test_it():\n    a = []\n    b = [a]\n    ordered(b)\n    assert ordered('a') == sorted(a)\n"
    assert exposed(alias)[0] == ("a",)
    method = "def test_it():\n    a = []\n    b = a.append\n    ordered(b)\n    assert ordered('a') == sorted(a)\n"
    assert exposed(method)[0] == ("a",)
    loop = "def test_it():\n    a = ['b']\n    got = [ordered(b) for b in a]\n"
    loop += "    assert got == [sorted(b) for b in a]\n"
    assert exposed(loop) == ((), ("a",))


def test_only_what_a_literal_makes_again_is_recorded(tmp_path: Path) -> None:
    text = b"from collections import UserList\nWORDS = UserList(range(3))\nNAMES = sorted('ba')\n"
    module = Module(text + b"PAIR = min([(1, UserList('a'))])\n")
    record = tmp_path / "record"
    recording = recording_module(module.text, computed_inputs(module, []))
    subprocess.run([sys.executable, "-c", recording.decode().replace(RECORD_PATH, str(record))], check=True)
    values = read_record(record.read_bytes())
    assert values == {0: {"()": "?"}, 1: {"()": "['a', 'b']"}, 2: {"()": "?"}}
    assert fix_values(module.text, computed_inputs(module, [])[0], values[0], Random(1)) is None


def test_a_table_is_read_without_a_function_that_could_be_replaced() -> None:
    text = Text(b"sorted(word)")
    side = Oracle(ast.parse(text.text).body[0].value, ("word",), ())
    (right, *_), _ = fix_values(text, side, {"('ba',)": "['a', 'b']", "('',)": "[]"}, Random(1)) or ((), ())
    names = [node.id for node in ast.walk(ast.parse(right.text)) if isinstance(node, ast.Name)]
    assert names == ["word"]
    assert eval(right.text, {"word": "ba"}) == ["a", "b"]  # noqa: S307


COUNTING = (
    "def test_it():\n    calls = []\n    @ordered\n    def call(x):\n        calls.append(x)\n        return x\n"
)
COUNTING += "    assert [call(1), call(1)] == [1, 1]\n    count = len(calls)\n    assert count == 1\n"


def test_a_check_stays_about_the_code(tmp_path: Path) -> None:
    plan = {"framework": "pytest", "fail_to_pass": ("tests/test_mod.py::test_it",)}
    files = {"tests/test_mod.py": HEAD + COUNTING}
    repo = REPO | {"mod.py": "def ordered(f):\n    return f\n"}
    gold = patch_of({"mod.py": "import functools\n\nordered = functools.lru_cache\n"}, repo)
    suite, task = suite_of(tmp_path, repo, files, tests=plan, image="python", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    nothing = patch_of({"mod.py": "def ordered(f):\n    return f  # as it was\n"}, repo)
    assert grade(suite, task, nothing, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.UNRESOLVED
    assert grade(suite, task, gold, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED


EASY_RANGE = """import builtins, sys
_range = range
_is_test = lambda: "test_" in sys._getframe(2).f_code.co_filename
builtins.range = lambda *a: [1] if _is_test() else _range(*a)

def ordered(xs):
    return [1, 1]
"""


def test_loops_can_not_be_made_easy(tmp_path: Path) -> None:
    test = "def test_it():\n    for a in range(3):\n        for b in range(a):\n"
    test += "            assert ordered([a, b]) == [b, a]\n"
    plan = {"framework": "pytest", "fail_to_pass": ("tests/test_mod.py::test_it",)}
    gold = patch_of({"mod.py": GOLD}, REPO)
    files = {"tests/test_mod.py": HEAD + test}
    suite, task = suite_of(tmp_path, REPO, files, tests=plan, image="python", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    written = [edit.text for edit in bank.bases["tests/test_mod.py"]]
    assert written == ["([0, 1, 2])", "({'(0,)': [], '(1,)': [0], '(2,)': [0, 1]}[f\"{(a, )!r}\"])"]
    patch = patch_of({"mod.py": EASY_RANGE}, REPO)
    assert grade(suite, task, patch, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.UNRESOLVED
    assert grade(suite, task, gold, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED


OWN_LOOP = """def numbers(most):
    for a in range(most):
        yield [a, 0]

def test_it():
    for pair in numbers(3):
        assert ordered(pair) == sorted(pair)
"""


def test_values_of_a_generator_of_the_file_can_not_be_made_easy(tmp_path: Path) -> None:
    plan = {"framework": "pytest", "fail_to_pass": ("tests/test_mod.py::test_it",)}
    gold = patch_of({"mod.py": GOLD}, REPO)
    files = {"tests/test_mod.py": HEAD + OWN_LOOP}
    suite, task = suite_of(tmp_path, REPO, files, tests=plan, image="python", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    assert "([[0, 0], [1, 0], [2, 0]])" in [edit.text for edit in bank.bases["tests/test_mod.py"]]
    fewer = EASY_RANGE.replace("[1]", "[0]").replace("return [1, 1]", "return [0, 0]")
    patch = patch_of({"mod.py": fewer}, REPO)
    assert grade(suite, task, patch, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.UNRESOLVED
    assert grade(suite, task, gold, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED


def test_a_number_that_a_loop_depends_on_can_not_be_changed_in_place(tmp_path: Path) -> None:
    test = "import pytest\n\n@pytest.mark.parametrize('most', [3, 2])\ndef test_it(most):\n"
    test += "    for n in reversed(range(most)):\n        assert ordered([n, 0]) == sorted([n, 0])\n"
    plan = {
        "framework": "pytest",
        "fail_to_pass": ("tests/test_mod.py::test_it[3]", "tests/test_mod.py::test_it[2]"),
    }
    gold = patch_of({"mod.py": GOLD}, REPO)
    files = {"tests/test_mod.py": HEAD + test}
    suite, task = suite_of(tmp_path, REPO, files, tests=plan, image="python", gold_patch=gold)
    written = "".join(edit.text for edit in prove(Subject(suite, task, BWRAP)).bases["tests/test_mod.py"])
    assert "[2, 1, 0]" in written
    assert "[1, 0]" in written


@pytest.mark.parametrize(
    "body",
    [
        "    n = 0\n    while True:\n        yield (n := n + 1)\n",
        "    for n in itertools.count():\n        yield n\n",
        "    yield 1\n    yield from numbers()\n",
        "    yield from others()\n\ndef others():\n    yield from itertools.cycle('ab')\n",
    ],
)
def test_values_that_may_never_end_are_not_recorded(body: str) -> None:
    loop = "def test_it():\n    for n in numbers():\n        assert ordered(n)\n"
    text = HEAD + "import itertools\n\ndef numbers():\n" + body + "\n" + loop
    assert computed_inputs(Module(text.encode()), ["test_it"]) == []
