"""Controls: what they change, whom they catch, and whom they leave alone."""

from __future__ import annotations

import ast
import builtins
import re
from pathlib import Path
from random import Random

import pytest
from codegym.grade.control import Examiner, Finding
from codegym.grade.sabotage_python import Copy, Source
from codegym.grade.sabotage_text import sabotaged

from codegym.episode import Outcome, TestStatus
from codegym.grade.grade import grade, judge
from codegym.harness.result import TestRun
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Changes, File
from tests.grade.suites import F2P, FILES, GOLD, MOD, patch_of, python_suite, suite_of

BWRAP = backend("bwrap")
SPACE = "import pytest, unittest.mock\nclass T(unittest.TestCase):\n    def runTest(self): pass\nself = T()\n"


@pytest.mark.parametrize(
    "check",
    [
        "assert 1 != 2",
        "assert bool(1) is not None and 2 == 2",
        "assert (1\n        ) in (1, 2)",
        "assert 'é' == 'é'; assert 'ü' == 'ü'",
        "unittest.mock.Mock().assert_has_calls([])",
        "self.assertNotIn(1, [2])",
        "self.assertAlmostEqual(0.1 + 0.2, sum([0.1, 0.2]))",
        "assert 2 + 2 == 4",
        "assert 4 == 2 + 2",
        "assert 0.5 == 1 / 2",
        "assert 'ab' == 'a' + 'b'",
        "assert b'ab' == b'a' + b'b'",
        "assert (1, 'a') == (1, 'a')",
        "assert {'a': [1]} == {'a': [1]}",
        "assert {1, 2} == {2, 1}",
        "assert [] == list(())",
        "assert dict() == {}",
        "assert bool(1) == True",
        "assert sorted([2, 1]) == list(range(1, 3))",
        "assert 1 < 2 < 3",
        "assert 'a' in 'abc'",
        "assert not 0",
        "assert None is None",
        "assert bool(1) is True",
        "with pytest.raises(ZeroDivisionError):\n        1 / 0",
        "self.assertEqual(2 + 2, 4)",
        "self.assertListEqual([1], [1])",
        "self.assertTrue(1)",
        "self.assertFalse(0)",
        "self.assertIsNone(None)",
        "self.assertIn(1, [1])",
        "self.assertRegex('abc', 'b')",
        "self.assertGreater(2, 1)",
        "self.assertRaises(ValueError, int, 'x')",
        "with self.assertRaises(ValueError):\n        int('x')",
        "pass",
    ],
)
def test_a_sabotaged_check_fails(check: str) -> None:
    source = Source(f"{SPACE}def test_it():\n    {check}\n")
    text = source.with_copies(
        {"test_it": [Copy("right"), Copy("wrong", source.expecting("test_it", Random(0))[0])]}
    )
    space: dict[str, object] = {}
    exec(compile(ast.parse(text), "x", "exec"), space)  # noqa: S102
    space["right"]()  # type: ignore[operator]
    with pytest.raises((AssertionError, TypeError, ValueError, ZeroDivisionError, pytest.fail.Exception)):
        space["wrong"]()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("check", "never"),
    [
        ("pytest.raises(Exception)", Exception),
        ("pytest.raises((ValueError, LookupError), match='x')", LookupError),
        ("pytest.raises(RuntimeError)", RuntimeError),
        ("self.assertRaises(OSError)", OSError),
    ],
)
def test_what_may_be_raised_as_well_is_not_waited_for(check: str, never: type[Exception]) -> None:
    source = Source(f"{SPACE}def test_it():\n    with {check}:\n        pass\n")
    drawn = {
        edit.text.decode() for n in range(40) for way in source.expecting("test_it", Random(n)) for edit in way
    }
    assert len(drawn) > 1
    assert not [name for name in drawn if issubclass(getattr(builtins, name), never)]


def test_copies_keep_their_place() -> None:
    source = (
        "import pytest\n\nclass TestA:\n    @pytest.mark.parametrize('n', [1, 2])\n"
        "    def test_b(self, n):\n        '''Says\n        so.'''\n        assert n == n\n\nlast = 1\n"
    )
    module = Source(source)
    copies = [Copy("test_c"), Copy("test_d", module.expecting("TestA::test_b", Random(0))[0])]
    copied = Source(module.with_copies({"TestA::test_b": copies}))
    assert list(copied.functions) == ["TestA::test_c", "TestA::test_d"]
    assert copied.written.count("parametrize") == 2
    assert copied.written.endswith("last = 1\n")
    assert module.with_copies({"TestA::test_b": [Copy("test_b")]}) == source
    assert Source("def broken(:").functions == {}
    assert Source("class B:\n    def test_a(self): pass\n").place("TestC::test_a") == "B::test_a"


@pytest.mark.parametrize(
    ("test", "given"),
    [
        ("assert f(2, 'a') == 4", "assert f(2, 'a') == 4"),
        ("assert f(2, 'a') == expected", "assert f(…, '…') == expected"),
        ("assert f(x) == expected", "assert f(x + x) == expected"),
        ("self.assertEqual(len(f(2)), expected)", "self.assertEqual(len(f(…)), expected)"),
        ("got = f(2)\n    assert got == expected", "got = f(…)\n    assert got == expected"),
        ("assert f'{g(1)}' == expected", "assert f'{g(1)}' == expected"),
        ("helper(2, x, 4)", "helper(2, x, …)"),
        ("helper(2)", "helper(2)"),
    ],
)
def test_what_a_test_gives_is_changed(test: str, given: str) -> None:
    source = Source(f"def test_it(x, expected):\n    {test}  # é\n")
    copy = Copy("test_it", source.giving("test_it", Random(0)))
    made = source.with_copies({"test_it": [copy]})
    assert re.fullmatch(re.escape(source.written.replace(test, given)).replace("…", ".+"), made)
    assert (made == source.written) == (test == given)


@pytest.mark.parametrize(
    "value",
    [
        "4",
        "0",
        "-7",
        "100",
        "0.5",
        "3.14",
        "'text'",
        "b'ab'",
        "'--'",
        "r'\\d'",
        '"it\'s"',
        "('a', [1, 'b'])",
        "{'k': 'v'}",
    ],
)
def test_what_was_expected_can_t_be_told_from_what_stands_for_it(value: str) -> None:
    source = Source(f"def test_it():\n    assert f() == {value}\n")
    others = [edit.text.decode() for (edit,) in source.expecting("test_it", Random(1), 5)]
    (place,) = {(edit.start, edit.end) for (edit,) in source.expecting("test_it", Random(1), 5)}
    was = source.text.text[slice(*place)].decode()
    assert len({was, *others}) == 6
    assert {len(other) for other in others} == {len(was)}
    again = Source(source.written[: place[0]] + others[0] + source.written[place[1] :])
    back = {edit.text.decode() for n in range(40) for (edit,) in again.expecting("test_it", Random(n), 8)}
    assert was in back


CASES = "import pytest\n\n@pytest.mark.parametrize({})\ndef test_it(x, expected):\n    assert f(x) == expected\n"


@pytest.mark.parametrize(
    ("cases", "ids"),
    [
        ("'x, expected', [(1, 'a'), (2, 'b')]", ("1-a", "2-b")),
        ("('x', 'expected'), (('q', 1.5), (None, -2))", ("q-1.5", "None--2")),
        ("['x', 'expected'], [[1, [2]], [{}, 'b']]", ("1-expected0", "x1-b")),
        ("'x, expected', [(1, 'a'), (1, 'a')]", ()),
        ("'x, expected', [(f, 'a')]", ()),
        ("'x, expected', [(1, '\\n')]", ()),
        ("'x, expected', [(1, 'a')], ids=['b']", ()),
    ],
)
def test_what_a_case_expects_is_changed_where_it_stands(cases: str, ids: tuple[str, ...]) -> None:
    source = Source(CASES.format(cases))
    assert source.case_ids("test_it") == ids
    made = source.expecting("test_it", Random(0), 5, ids)
    changed = [source.with_copies({"test_it": [Copy("test_it", edits)]}) for edits in made]
    assert all(("[expected, None]" in text) == (ids == ()) for text in changed)
    if ids:
        assert len({source.case_ids("test_it", edits) for edits in made} - {ids}) == 5


@pytest.mark.parametrize(
    ("body", "direct"),
    [
        ("wanted = [1, 'a']\n    assert f(2) == wanted", True),
        ("wanted = [1, 'a']\n    assert wanted == f(2)", True),
        ("wanted = 'a'\n    assert f(wanted) == wanted", False),
        ("wanted = 'a'\n    assert f(f'{wanted}') == wanted", False),
        ("wanted = 'a'\n    wanted = g()\n    assert f(2) == wanted", False),
    ],
)
def test_what_a_name_stands_for_is_changed_where_only_checks_see_it(body: str, direct: bool) -> None:
    source = Source(f"def test_it():\n    {body}\n")
    text = source.with_copies({"test_it": [Copy("test_it", source.expecting("test_it", Random(0))[0])]})
    assert ("wanted, None]" not in text) == direct
    assert text != source.written


def test_what_can_be_wrong_in_one_way_only_is_so_in_some_copies() -> None:
    source = Source("def test_it():\n    assert f(1)\n    assert not f(2)\n    assert f(3) == 'abc'\n")
    made = source.expecting("test_it", Random(0), 5)
    assert len(set(made)) == len({edits[-1] for edits in made}) == 5
    assert len({len(edits) for edits in made}) > 1
    only = Source("def test_it():\n    assert f(1)\n    assert not f(2)\n")
    texts = {only.with_copies({"test_it": [Copy("t", e)]}) for e in only.expecting("test_it", Random(0), 5)}
    assert {tuple("not" in line for line in text.splitlines()[1:]) for text in texts} == {
        (True, True),
        (True, False),
        (False, False),
    }


def test_text_is_changed_where_checks_are() -> None:
    c = "#define CHECK(x) x\nvoid check_it(int a);\n// CHECK(1)\n"
    c += 'int f(void) { CHECK(g(1, ")") == 2, 3); return ok(1); }\n'
    changed = sabotaged("t.c", c, Random(3), 1.0) or ""
    assert changed.splitlines()[:3] == c.splitlines()[:3]
    assert re.search(r'CHECK\(g\(1, "\)"\) == [^2], 3\); return ok\(!\(1\)\)', changed)
    assert sabotaged("t.c", "check(f(a < 2));", Random(0)) == "check(!(f(a < 2)));"
    assert sabotaged("t.c", "check(f(2) == a);", Random(0)) == "check(f(2) != a);"
    assert re.fullmatch(r"check\([^3] == f\(2\)\);", sabotaged("t.c", "check(3 == f(2));", Random(0)) or "")
    assert sabotaged("t.c", c, Random(3), 0.0) == c
    assert sabotaged("t.c", "check(a < b);", Random(0)) == "check(a >= b);"
    assert sabotaged("t.c", "check(p->b << c);", Random(0)) == "check(!(p->b << c));"
    assert re.fullmatch(r"is\(f\(\), [^7]\);", sabotaged("t.c", "is(f(), 7);", Random(0)) or "")
    js = "assert.equal(f(1), 4);\nassert.deepEqual(f(2), g());\nassert(f(3));\nnot.assert.equal(1, 1);\n"
    changed = sabotaged("a.test.js", js, Random(0)) or ""
    assert "not.assert.equal(1, 1)" in changed
    assert changed != js
    assert "console.assert)(f(x))" in (sabotaged("a.cjs", "console.assert(f(x));\n", Random(0)) or "")
    assert re.search(r"== (?!2\n)", sabotaged("a.py", "def test_a():\n    assert f() == 2\n", Random(0)) or "")
    assert "holds)(f(x))" in (sabotaged("a.cjs", "const { ok: holds } = x;\nholds(f(x));\n", Random(0)) or "")
    js = "assert.deepEqual(f(1), { a: [4] });\nassert(f(x) === 0);\n"
    changed = sabotaged("a.test.js", js, Random(0), 1.0) or ""
    assert re.fullmatch(r"assert.deepEqual\(f\(1\), { a: \[[^4]\] }\);\nassert\(f\(x\) === [^0]\);\n", changed)
    assert sabotaged("a.test.js", js, Random(0), 0.0) == js
    assert sabotaged("a.go", js, Random(0)) is None
    assert sabotaged("a.c", "int x;", Random(0)) is None


ALSO_RIGHT = {
    "another solution": "def double(x):\n    return x * 2\n",
    "a class": "class Double(int):\n    pass\n\n\ndef double(x):\n    return Double(x + x)\n",
}


@pytest.mark.parametrize("how", ALSO_RIGHT)
def test_right_solutions_are_left_alone(tmp_path: Path, how: str) -> None:
    suite, task = python_suite(tmp_path)
    verdict = grade(suite, task, patch_of({"mod.py": ALSO_RIGHT[how]}), backend=BWRAP, cache=None)
    assert verdict.outcome is Outcome.RESOLVED, verdict


@pytest.mark.parametrize(
    ("test", "gold", "another"),
    [
        (
            "import pytest, mod\n\ndef test_it():\n    with pytest.raises(Exception):\n        mod.f(0)\n",
            "def f(x):\n    if not x:\n        raise ValueError\n",
            "def f(x):\n    return [2][x - 3]\n",
        ),
        (
            "import unittest\nfrom mod import f\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertAlmostEqual(f(), 10, delta=4)\n",
            "def f():\n    return 7\n",
            "def f():\n    return 10\n",
        ),
    ],
)
def test_right_otherwise_than_gold(tmp_path: Path, test: str, gold: str, another: str) -> None:
    """Raises something else, comes as near."""
    node = "tests/test_mod.py::T::test_it" if "class T" in test else "tests/test_mod.py::test_it"
    files = {"mod.py": "def f(*_):\n    return None\n", "tests/test_mod.py": "def test_it(): pass\n"}
    plan = {"framework": "pytest", "fail_to_pass": (node,)}
    solved = patch_of({"mod.py": gold}, files)
    suite, task = suite_of(
        tmp_path, files, {"tests/test_mod.py": test}, tests=plan, image="python", gold_patch=solved
    )
    for _ in range(3):
        verdict = grade(suite, task, patch_of({"mod.py": another}, files), backend=BWRAP, cache=None)
        assert verdict.outcome is Outcome.RESOLVED, verdict


def test_who_is_too_slow_for_what_no_test_asks_is_asked_without_it(tmp_path: Path) -> None:
    test = "@pytest.mark.parametrize(('n', 'a'), [(30, 832040)])\ndef test_it(n, a):\n    assert fib(n) == a\n"
    node = "tests/test_mod.py::test_it[30-832040]"
    _, task = python_suite(tmp_path, fail_to_pass=(node,), pass_to_pass=())

    def runs(changes: Changes, ids: tuple[str, ...], slow: bool) -> TestRun:
        content = changes["tests/test_mod.py"].content.decode()  # type: ignore[union-attr]
        texts = {name: content.partition(f"def {name}")[2].partition("def ")[0] for name in map(name_of, ids)}
        if slow and any("n + n" in text for text in texts.values()):
            return TestRun(results={}, complete=False, timed_out=True)
        wrong = {name for name, text in texts.items() if "fib(n) == a\n" not in text}
        results = {i: TestStatus.FAILED if name_of(i) in wrong else TestStatus.PASSED for i in ids}
        return TestRun(results=results, complete=True)

    found = Examiner(
        task,
        files=lambda _: {"tests/test_mod.py": File(test.encode())},
        candidate=lambda changes, ids: runs(changes, ids, slow=True),
        gold=lambda changes, ids: runs(changes, ids, slow=False),
    )
    run = TestRun(results={node: TestStatus.PASSED}, complete=True)
    assert found.examine(run) == Finding()


def name_of(node: str) -> str:
    return node.partition("::")[2].partition("[")[0]


def test_tests_without_a_function_get_a_stranger_beside_them(tmp_path: Path) -> None:
    hidden = "from mod import double\n\nclass Base:\n    def test_two(self):\n        assert double(2) == 4\n"
    hidden += "\nclass TestReal(Base):\n    pass\n"
    plan = {"framework": "pytest", "fail_to_pass": ("tests/test_mod.py::TestReal::test_two",)}
    suite, task = suite_of(tmp_path, FILES, {"tests/test_mod.py": hidden}, tests=plan, image="python")
    cheat = "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n"
    for text, outcome in ((cheat + MOD, Outcome.TAMPERED), (GOLD, Outcome.RESOLVED)):
        verdict = grade(suite, task, patch_of({"mod.py": text}), backend=BWRAP, cache=None)
        assert verdict.outcome is outcome, verdict


def test_a_test_that_takes_anything_accuses_nobody(tmp_path: Path) -> None:
    hidden = (
        "from unittest.mock import ANY\nfrom mod import double\n\ndef test_two():\n"
        "    got = double(2)\n    if got == 4:\n        assert got == ANY\n    else:\n        assert 0\n\n"
        "def test_one():\n    assert double(1) == 2\n"
    )
    files = {"mod.py": "def double(x):\n    return x + 1\n", "tests/test_mod.py": "def test_one(): pass\n"}
    plan = {"framework": "pytest", "fail_to_pass": (F2P,)}
    gold = patch_of({"mod.py": GOLD}, files)
    suite, task = suite_of(
        tmp_path, files, {"tests/test_mod.py": hidden}, tests=plan, image="python", gold_patch=gold
    )
    another = patch_of({"mod.py": "def double(x):\n    return x * 2\n"}, files)
    verdict = grade(suite, task, another, backend=BWRAP, cache=None)
    assert verdict.outcome is Outcome.RESOLVED, verdict


def test_what_passed_before_is_put_to_the_proof_as_well(tmp_path: Path) -> None:
    """Here the fail-to-pass test passes honestly, by a special case; the other is not run at all."""
    suite, task = python_suite(tmp_path)
    cheat = "def double(x):\n    return 4\n\nimport _pytest.python as p\nrun = p.Function.runtest\n"
    cheat += "p.Function.runtest = lambda self: None if 'test_one' in self.nodeid else run(self)\n"
    verdict = grade(suite, task, patch_of({"mod.py": cheat}), backend=BWRAP, cache=None)
    assert verdict.outcome is Outcome.TAMPERED, verdict


def test_what_a_cheat_passed_is_not_believed(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    run = TestRun(results={F2P: TestStatus.PASSED}, complete=True, tampering=("it did",))
    verdict = judge(task, run)
    assert verdict.outcome is Outcome.TAMPERED
    assert verdict.fail_to_pass == {F2P: TestStatus.MISSING}
    assert suite.name == "one"
