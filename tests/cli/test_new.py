"""A suite that is written by hand: the template can be played, and folders of tasks need no ``task.toml``."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.catalog import suites_dir
from codegym.episode import Outcome
from codegym.foundry.certify.certify import certify
from codegym.sandbox.backend import backend
from codegym.suite import load_suite
from tests.foundry.repositories import write

from .conftest import run

PROGRAMS = {
    "bitcount": ("n ^= n - 1", "n &= n - 1"),
    "double": ("n = 2 * n + 1", "n = 2 * n"),
}
TESTS = """\
import pytest
from program import call


@pytest.mark.parametrize(("n", "result"), {cases})
def test_program(n, result):
    assert call(n) == result
"""


@pytest.fixture(autouse=True)
def _own_suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    able = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not able.available:
        pytest.skip(able.why)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    load_suite.cache_clear()
    yield
    load_suite.cache_clear()


def test_the_template_of_a_new_suite_is_sound(tmp_path: Path) -> None:
    made = run("new", "acme", "--json")
    assert made.code == 0, made.err
    assert (made.value["completed"], made.value["is_new"]) == (["clamp"], True)
    task = load_suite("acme").task("clamp")
    assert task.tests.fail_to_pass == ("tests/test_hidden.py::test_a_number_above_is_lowered",)
    assert task.tests.pass_to_pass == ("tests/test_hidden.py::test_a_number_below_is_raised",)
    assert task.instruction == "`clamp(5, 0, 3)` returns 5. It should return 3."
    (result,) = certify(load_suite("acme"), repeats=1).results
    assert (result.why, result.gold, result.empty) == ("", Outcome.RESOLVED, Outcome.UNRESOLVED)
    assert suites_dir().joinpath("acme").resolve() == (tmp_path / "acme").resolve()
    (tmp_path / "acme" / "tasks" / "clamp" / "task.toml").write_text("")
    assert run("new", "acme").code == 2
    assert run("new", "Acme").code == 2


def test_folders_with_a_solution_and_tests_become_tasks(tmp_path: Path) -> None:
    """As QuixBugs has it: a program that may never end, the same program repaired, and cases."""
    loop = "def call(n):\n    count = 0\n    while n:\n        {}\n        count += 1\n    return count\n"
    plain = "def call(n):\n    {}\n    return n\n"
    cases = {"bitcount": [(127, 7), (0, 0)], "double": [(2, 4)]}
    for name, (wrong, right) in PROGRAMS.items():
        text = loop if name == "bitcount" else plain
        files = {"repo/program.py": text.format(wrong), "gold/program.py": text.format(right)}
        files |= {"hidden/test_program.py": TESTS.format(cases=cases[name])}
        write(tmp_path / "quix" / "tasks" / name, files)
    write(tmp_path / "quix" / "tasks" / "nothing", {"repo/a.py": "", "gold/a.py": "a = 1\n"})
    made = run("new", "quix", "--json")
    assert made.code == 1
    assert made.value["completed"] == ["bitcount", "double"]
    assert "there is no test file of pytest" in made.value["refused"]["nothing"]
    suite = load_suite("quix")
    assert suite.task("bitcount").tests.fail_to_pass == ("test_program.py::test_program[127-7]",)
    assert suite.task("bitcount").tests.pass_to_pass == ("test_program.py::test_program[0-0]",)
    assert "`program.py`" in suite.task("double").instruction
    assert suite.splits == {"test": ("bitcount", "double")}
    shutil.rmtree(tmp_path / "quix" / "tasks" / "nothing")
    again = run("new", "quix", "--json")
    assert (again.code, again.value["completed"]) == (0, [])
    assert tomllib.loads((tmp_path / "quix" / "suite.toml").read_text())["name"] == "quix"
