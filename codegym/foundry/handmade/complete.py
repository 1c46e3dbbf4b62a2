"""Writes ``task.toml`` for folders of tasks that have none.

A person writes ``repo/``, ``gold/`` and ``hidden/``. Running the tests shows which of them decide: those that pass
with the gold files, and those of them that fail without are fail-to-pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from codegym.atomic import write_whole
from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.errors import TaskError
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.protocol import Backend, File, Tree
from codegym.task import Limits, TestPlan
from codegym.tree import Files, read_tree, store_tree

_TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
_SECONDS_PER_TEST = 10
"""A test that takes longer fails, as one does whose code loops for ever before it is repaired."""
_IMAGE = "python"


def complete(root: Path, backend: Backend, progress: Progress = silent) -> tuple[list[str], dict[str, str]]:
    """Write the ``task.toml`` that is missing in folders below ``root/tasks``.

    Returns the ids of the tasks that got one, and maps each other to the reason why it did not. Raises
    :class:`~codegym.errors.SandboxError` if a box fails.
    """
    folders = sorted(path.parent for path in root.glob("tasks/*/repo") if not (path.parent / "task.toml").exists())
    completed: list[str] = []
    refused: dict[str, str] = {}
    for count, folder in enumerate(folders, 1):
        try:
            write_whole(folder / "task.toml", _task_toml(folder, backend))
            completed.append(folder.name)
        except (TaskError, UnicodeDecodeError) as error:
            refused[folder.name] = str(error)
        progress(f"running the tests of {root.name}", count, len(folders))
    return completed, refused


def _task_toml(folder: Path, backend: Backend) -> str:
    """Run the tests of the task in ``folder`` and return its ``task.toml``."""
    repo, gold, hidden = (_tree(folder / name) for name in ("repo", "gold", "hidden"))
    if not gold:
        raise TaskError("there is no gold/, whose files solve the task")
    files = sorted(path for path in hidden or repo if _TEST_FILE.search(path))
    if not files:
        raise TaskError(
            "there is no test file of pytest (test_*.py, *_test.py) in hidden/ or repo/: write task.toml"
        )
    right = _run(repo | gold | hidden, files, backend)
    passing = [test for test, status in right.results.items() if status is TestStatus.PASSED]
    if not right.complete or not passing:
        raise TaskError(f"no test passes with the files of gold/, or their run breaks off: {right.output[-800:]}")
    wrong = _run(repo | hidden, files, backend)
    keep = {test for test in passing if wrong.complete and wrong.results.get(test) is TestStatus.PASSED}
    fail = [test for test in passing if test not in keep]
    if not fail:
        raise TaskError("all tests pass without the files of gold/ as well: there is nothing to solve")
    return _toml(_instruction(folder, gold), fail, [test for test in passing if test in keep])


def _tree(folder: Path) -> dict[str, File]:
    return dict(read_tree(folder)) if folder.is_dir() else {}


def _run(tree: Files, test_files: list[str], backend: Backend) -> TestRun:
    base, limits = store_tree(tree), Limits()
    command = " ".join([f"--timeout={_SECONDS_PER_TEST}", *test_files])
    plan = TestPlan(framework="pytest", fail_to_pass=(), command=command)
    with backend.open(Tree((base,), digest_json([base.name])), _IMAGE, limits) as box:
        return run_tests(box, plan, timeout=limits.grade_seconds)


def _instruction(folder: Path, gold: Mapping[str, object]) -> str:
    path = folder / "instruction.md"
    if path.is_file():
        return path.read_text().strip()
    names = ", ".join(f"`{name}`" for name in gold)
    return f"Tests of {names} fail. The tests are right. Find the mistake in the code and repair it."


def _toml(instruction: str, fail: list[str], keep: list[str]) -> str:
    """Return the text of ``task.toml``."""
    lines = [
        f"instruction = {_string(instruction)}",
        f"image = {_string(_IMAGE)}",
        "",
        "[tests]",
        'framework = "pytest"',
        *_list("fail_to_pass", fail),
        *_list("pass_to_pass", keep),
        f'command = "--timeout={_SECONDS_PER_TEST}"       # seconds per test',
        "",
        "[metadata]",
        'language = "python"',
    ]
    return "\n".join(lines) + "\n"


def _list(name: str, values: list[str]) -> list[str]:
    return [f"{name} = [", *(f"    {_string(value)}," for value in values), "]"]


def _string(text: str) -> str:
    """Return ``text`` as a string of JSON, which is valid TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
