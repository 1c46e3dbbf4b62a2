"""Slow code is found by counting lines, and a task of it is decided by a hidden test that counts them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.foundry.counted.count import bounding_file, call_of, counting_name, measured_lines, measuring_file
from codegym.foundry.forge.forge import forge
from codegym.foundry.forge.options import ForgeOptions
from codegym.foundry.repository.origin import origin
from codegym.foundry.repository.project import project
from codegym.grade.grade import grade
from codegym.mutate import apply
from codegym.mutate.slow import slowdowns
from codegym.sandbox.backend import backend
from codegym.suite import load_suite, read_certificates
from tests.foundry.repositories import write

SOURCE = '''\
"""Ways through a grid."""

from functools import lru_cache


@lru_cache(maxsize=None)
def ways(rows, columns):
    """Return in how many ways a corner is reached from the opposite one."""
    if rows == 1 or columns == 1:
        return 1
    return ways(rows - 1, columns) + ways(rows, columns - 1)


def has_even(numbers):
    """Return whether one number is even."""
    return any(is_even(number) for number in numbers)


def is_even(number):
    """Return whether a number is even."""
    return number % 2 == 0
'''
TESTS = """\
import unittest

from grid.ways import has_even, ways


def test_ways():
    assert ways(6, 6) == 252


def test_few_ways():
    assert ways(1, 4) == 1


def test_even():
    assert has_even([2, *range(1, 90, 2)])


def test_no_even():
    assert not has_even([1, 3])


def test_with_a_fixture(tmp_path):
    assert tmp_path


class TestPlain:
    def test_inside(self):
        assert ways(2, 2) == 2


class TestCase(unittest.TestCase):
    def test_inside(self):
        self.assertEqual(ways(2, 3), 3)
"""


SOURCE_PATH = "pkg/code.py"
LOOP = "def f(n):\n    for _ in range(n):\n        n += 1\n    return n\n"


def test_slowdowns_keep_results() -> None:
    mutants = {m.operator: apply(SOURCE, m) for m in slowdowns(SOURCE)}
    assert "\n\n\ndef ways(rows, columns)" in mutants["dropped_memory"]
    assert "any([is_even(number) for number in numbers])" in mutants["eager"]
    method = "class A:\n    @functools.cached_property\n    def f(self):\n        return 1\n"
    assert "    @property\n" in apply(method, slowdowns(method)[0])
    method = "class A:\n    @staticmethod\n    @cache\n    def f(x):\n        return next(y for y in x)\n"
    assert [apply(method, m) for m in slowdowns(method)] == [
        method.replace("    @cache\n", ""), method.replace("(y for y in x)", "(iter([y for y in x]))")
    ]  # fmt: skip


def test_what_is_done_once_before_a_loop_is_done_in_it() -> None:
    before = "def f(x):\n    y = g(x)\n    for z in x:\n        # note\n        h(y, z)\n    return x\n"
    (moved,) = [apply(before, m) for m in slowdowns(before) if m.operator == "recomputed"]
    assert moved == (
        "def f(x):\n    for z in x:\n        # note\n        y = g(x)\n        h(y, z)\n    return x\n"
    )
    needed = before.replace("in x:", "in y:")
    assert "recomputed" not in {m.operator for m in slowdowns(needed)}


@pytest.mark.parametrize(
    ("test", "call"),
    [
        ("test_ways", "test_ways"),
        ("test_with_a_fixture", ""),
        ("test_ways[1]", ""),
        ("TestPlain::test_inside", "TestPlain().test_inside"),
        ("TestPlain::test_inherited", ""),
        ("TestCase::test_inside", "TestCase('test_inside').debug"),
        ("TestCase::test_inherited", "TestCase('test_inherited').debug"),
    ],
)
def test_the_calls_of_a_test_without_fixtures_can_be_made_again(test: str, call: str) -> None:
    assert call_of(f"tests/test_grid.py::{test}", ast.parse(TESTS)) == call


def run_tests_of(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    write(tmp_path, {"pkg/code.py": LOOP, "test_code.py": text})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "test_code.py"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_the_bound_is_of_the_lines_that_were_measured(tmp_path: Path) -> None:
    text = "from pkg.code import f\n\n\ndef test_f():\n    assert f(5) == 10\n"
    test = "test_code.py::test_f"
    assert measured_lines(run_tests_of(measuring_file(text, {test: "test_f"}, SOURCE_PATH), tmp_path).stdout) == 36
    assert counting_name(test) == "test_lines_run_by_test_f"
    for most, code in ((36, 0), (35, 1)):
        assert run_tests_of(bounding_file(text, test, "test_f", SOURCE_PATH, most), tmp_path).returncode == code


def test_code_that_stops_the_counting_does_not_pass(tmp_path: Path) -> None:
    text = "import sys\n\n\ndef test_f():\n    sys.settrace(None)\n"
    run = run_tests_of(bounding_file(text, "test_code.py::test_f", "test_f", SOURCE_PATH, 99), tmp_path)
    assert "no longer counted" in run.stdout


@pytest.mark.slow
def test_a_slow_function_makes_a_certified_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    files = {"grid/__init__.py": "", "grid/ways.py": SOURCE, "tests/test_grid.py": TESTS, "setup.py": ""}
    write(tmp_path / "grid", files)
    code = project(origin(str(tmp_path / "grid"), tmp_path), "pytest")
    report = forge(code, ForgeOptions("slow_made", operators=("slowdown",), most=8, repeats=1))
    suite = load_suite("slow_made")
    slowdowns = report.operators["slowdown"]
    assert slowdowns.certified >= 1
    assert all("remembers what the visible tests call" in why for why in slowdowns.refused if "certified" in why)
    unproven = [test for certificate in read_certificates(suite).values() for test in certificate.unproven]
    assert not [test for test in unproven if "lines_run_by" in test]
    for task in suite.tasks.values():
        lines = task.metadata["counted_lines"]
        assert 2 * lines["right"] <= lines["slow"]
        assert str(lines["most"]) in task.instruction
        assert grade(suite, task, "", backend=backend("bwrap"), cache=None).outcome is Outcome.UNRESOLVED
