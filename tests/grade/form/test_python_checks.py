"""Every kind of check in a Python test is changed so that right code fails it."""

from __future__ import annotations

import ast
import builtins
from random import Random

import pytest

from codegym.grade.form.bank import Kind
from codegym.grade.form.edit import apply_edits
from codegym.grade.form.python_checks import Check
from codegym.grade.form.python_module import Module

SPACE = "import pytest, unittest.mock\nclass T(unittest.TestCase):\n    def runTest(self): pass\nself = T()\n"


def checks_of(test: str, seed: int = 0, owner: str = "test_it") -> tuple[Module, list[Check]]:
    module = Module(test.encode())
    return module, module.checks(owner, Random(seed))


def texts(test: str, seed: int = 0, owner: str = "test_it") -> list[str]:
    """Return the file in every form of the checks of one test."""
    module, checks = checks_of(test, seed, owner)
    return [apply_edits(module.text.text, way).decode() for check in checks for way in check.variants]


def run(text: str) -> None:
    space: dict[str, object] = {}
    exec(compile(ast.parse(text), "x", "exec"), space)  # noqa: S102 - the tests written above
    space["test_it"]()  # type: ignore[operator]


FAILURES = (AssertionError, TypeError, ValueError, ZeroDivisionError, Warning, pytest.fail.Exception)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("check", [
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
    "if 2 + 2 != 4:\n        raise AssertionError",
    "if not bool(1):\n        raise AssertionError('no')",
    "if 1 > 2:\n        pytest.fail('no')",
    "if 1 > 2:\n        self.fail()",
    "with self.subTest(n=1):\n        self.assertEqual('a' * 2, 'aa')",
    "for n in [1, 2]:\n        assert n + n == 2 * n",
    "wanted = 'abc'\n    assert 'a' + 'bc' == wanted",
    "pytest.warns(UserWarning, __import__('warnings').warn, 'x')",
    "assert f'{1}' == '1'",
    "assert 1 == 1 or 2 == 3",
    "assert all(n for n in (1, 2))",
    "assert [] is not None and 1 == 1",
])  # fmt: skip
def test_right_code_fails_every_form_of_a_check(check: str, seed: int) -> None:
    test = f"{SPACE}def test_it():\n    {check}\n"
    run(test)
    changed = texts(test, seed)
    assert changed
    for text in changed:
        with pytest.raises(FAILURES):
            run(text)


@pytest.mark.parametrize(("check", "never"), [
    ("pytest.raises(Exception)", Exception),
    ("pytest.raises((ValueError, LookupError), match='x')", LookupError),
    ("pytest.raises(RuntimeError)", RuntimeError),
    ("self.assertRaises(OSError)", OSError),
    ("pytest.warns(DeprecationWarning)", DeprecationWarning),
])  # fmt: skip
def test_no_related_exception_is_waited_for(check: str, never: type[Exception]) -> None:
    test = f"{SPACE}def test_it():\n    with {check}:\n        pass\n"
    for seed in range(40):
        _, (found, *_) = checks_of(test, seed) if checks_of(test, seed)[1] else (None, [None])
        if found is None:
            assert never is Exception
            continue
        classes = [getattr(builtins, edit.text) for way in found.variants for edit in way]
        assert found.kind is Kind.EXCEPTION
        assert len(set(classes)) > 1
        assert not [each for each in classes if issubclass(each, never) or issubclass(never, each)]


def test_an_exception_of_the_code_s_own_is_exchanged_for_standard_ones() -> None:
    changed = texts("def test_it():\n    with pytest.raises(mod.Trouble):\n        f()\n")
    assert len(set(changed)) == 6
    assert all("mod.Trouble" not in text and "Error)" in text for text in changed)


@pytest.mark.parametrize(("body", "direct"), [
    ("wanted = [1, 'a']\n    assert f(2) == wanted", True),
    ("wanted = [1, 'a']\n    assert wanted == f(2)", True),
    ("wanted = 'a'\n    assert f(wanted) == wanted", False),
    ("wanted = 'a'\n    assert f(f'{wanted}') == wanted", False),
    ("wanted = 'a'\n    wanted = g()\n    assert f(2) == wanted", False),
    ("for wanted in ['a']:\n        assert f(2) == wanted", False),
])  # fmt: skip
def test_what_a_name_stands_for_is_changed_where_only_checks_see_it(body: str, direct: bool) -> None:
    _, (check,) = checks_of(f"def test_it():\n    {body}\n")
    assert (check.kind is Kind.VALUE) == direct
    assert all(("wanted, None]" not in text) == direct for text in texts(f"def test_it():\n    {body}\n"))


@pytest.mark.parametrize(("check", "kind"), [
    ("assert f(1) == 2", Kind.VALUE),
    ("assert f(1) == -2.5", Kind.VALUE),
    ("assert f(1) is False", Kind.VALUE),
    ("assert f(1) == Point(1, 'a')", Kind.VALUE),
    ("assert f(1) == pytest.approx(2.5)", Kind.VALUE),
    ("assert f(1) == g(2)", Kind.OPERATOR),
    ("assert f(1) > 2", Kind.OPERATOR),
    ("assert f(1)", Kind.OPERATOR),
    ("self.assertAlmostEqual(f(1), 2.5, delta=1)", Kind.OPERATOR),
    ("numpy.testing.assert_allclose(f(1), 2.5, rtol=0.1)", Kind.OPERATOR),
    ("numpy.testing.assert_array_equal(f(1), [1, 2])", Kind.VALUE),
])  # fmt: skip
def test_an_expected_literal_is_sealed_and_where_nearness_is_enough_it_stays(check: str, kind: Kind) -> None:
    assert [found.kind for found in checks_of(f"def test_it():\n    {check}\n")[1]] == [kind]


def test_nothing_else_of_the_file_is_changed() -> None:
    test = "import mod\n\n\nclass TestA:\n    '''é'''\n\n    def test_it(self):\n        x = 3\n"
    test += "        assert mod.f(1, 'a') == 4  # ü\n\n    def test_other(self):\n        assert mod.f(2) == 4\n"
    for text in texts(test, owner="TestA::test_it"):
        lines = [(was, is_) for was, is_ in zip(test.splitlines(), text.splitlines(), strict=True) if was != is_]
        assert len(lines) == 1
        was, changed = lines[0]
        assert changed.partition("==")[0] == was.partition("==")[0]
        assert changed.endswith("  # ü")


def test_where_a_test_stands() -> None:
    assert Module(b"def broken(:").functions == {}
    assert Module("x = 'é'".encode("latin-1")).functions == {}
    module = Module(b"class B:\n    def test_a(self): pass\ndef test_b(): pass\n")
    assert module.owner("t.py::TestC::test_a") == "B::test_a"
    assert module.owner("t.py::test_b[1::2]") == "test_b"
    assert module.owner("t.py::test_a") == ""
    assert module.owner("t.py::test_c") == ""


@pytest.mark.parametrize(
    "text", ["\ufeffdef test_it():\n    assert f() == 4\n", "def test_it():\r\n    assert f() == 4\r\n"]
)
def test_marks_at_the_begin_and_ends_of_lines_are_kept(text: str) -> None:
    for changed in texts(text):
        assert changed.replace(changed[changed.index("== ") + 3], "4") == text


def test_rows_of_tables() -> None:
    table = "ROWS = [(1, 'ab'), (2, 'cd'), (3, 'ef')]\nNAMES = {'a': 10, 'b': 20}\n"
    table += "TWICE = [1, 2]\nTWICE = [(1, 2), (3, 4)]\n"
    table += "LIMITS = [('a', 7), ('b', 8)]\nWORDS = [(1, 'x'), (2, 'y')]\n"
    table += "def test_it():\n    for x, y in ROWS:\n        assert f(x) == y\n    assert f('a') == NAMES['a']\n"
    table += "    for x, most in LIMITS:\n        assert cost(x) <= most\n"
    table += "    for x, word in WORDS:\n        assert f(x, word) == word\n"
    module = Module(table.encode())
    checks = module.row_checks(Random(0))
    assert [(check.kind, check.lines) for check in checks] == [(Kind.VALUE, (1, 1))] * 3 + [
        (Kind.VALUE, (2, 2))
    ] * 2
    assert all(
        apply_edits(module.text.text, way).startswith(b"ROWS = [(1, '")
        for check in checks
        for way in check.variants
    )
    assert Module(b"ONE = [(1, 2)]\n").row_checks(Random(0)) == []


def test_a_loop_over_what_the_code_returns_may_be_empty() -> None:
    loop = "import mod\nfrom mod import filter, parts\nTABLE = {}\ndef test_it():\n"
    loop += "    for x in %s:\n        assert x == 'a'\n"
    for own in ("TABLE.items()", "zip('ab')", "'a b'.split()", "sorted(TABLE)"):
        assert checks_of(loop % own)[1] != [], own
    for other in ("mod.filter('a')", "mod.items()", "filter('a')", "parts()", "mod.Shop().all()"):
        assert checks_of(loop % other)[1] == [], other
