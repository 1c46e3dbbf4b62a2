"""Exports a suite as task folders of Harbor.

Each folder is complete: a Dockerfile with codegym's toolchain and the repository, a script that solves the task,
and one that tests it and writes a reward. Fields that Harbor does not have (test ids, protected paths, limits) are
in ``task.toml`` too, so that an import of the folder gives the same task.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from importlib.resources import files as resources
from pathlib import Path
from shlex import quote

from codegym.difficulty import Difficulty, difficulties, read_attempts
from codegym.errors import ConfigError
from codegym.harness.exit_code import prints_automake, prints_exit_codes
from codegym.harness.framework.javascript_command import parse_command
from codegym.harness.inbox_text import program
from codegym.harness.junit import prints_junit
from codegym.patch import apply_patch
from codegym.sandbox.image.image import image_folder, image_names
from codegym.sandbox.protocol import Changes, File
from codegym.suite import Suite
from codegym.task import Task
from codegym.tree import Files, read_tree, write_file

_ROOT = "/app"
_RUN_PYTEST = """
import os
import sys

import pytest

sys.path[0] = os.getcwd()
sys.exit(pytest.main(sys.argv[1:], plugins=[filter_addopts(pytest)[1]]))
"""


def export_harbor(suite: Suite, tasks: Iterable[Task], out: Path, progress: Callable[[int], None]) -> int:
    """Write one folder per task below ``out`` and return their number. Each names its measured difficulty.

    Raises :class:`~codegym.errors.ConfigError` if a folder exists already.
    """
    count, measured = 0, difficulties(read_attempts(suite))
    for count, task in enumerate(tasks, 1):
        folder = out / task.id
        if folder.exists():
            raise ConfigError(f"{folder} exists already: choose another --out")
        try:
            _write_task(suite, task, folder, measured.get(task.id, Difficulty()).level)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        progress(count)
    return count


def _write_task(suite: Suite, task: Task, folder: Path, level: str) -> None:
    files = whole_tree(suite, task)
    gold = apply_patch(task.gold_patch, files.get)
    _write_text(folder / "task.toml", _toml(suite, task, level))
    _write_text(folder / "instruction.md", task.instruction)
    _write_environment(folder / "environment", task, files)
    _write_solution(folder / "solution", task, gold)
    _write_tests(folder / "tests", task, suite.hidden(task))


def whole_tree(suite: Suite, task: Task) -> Files:
    """Return all files that the agent sees at the start of an episode."""
    files: dict[str, File] = {}
    for layer in reversed(suite.tree(task).layers):
        files |= read_tree(layer)
    return dict(sorted(files.items()))


def _write_environment(folder: Path, task: Task, files: Files) -> None:
    _write_files(folder / "repo", files)
    if task.image in image_names():
        image = image_folder(task.image)
        _write_files(folder, {path: file for path, file in read_tree(image).items() if path != "image.toml"})
        recipe = (image / "Dockerfile").read_text()
    else:
        recipe = f"FROM {task.image}\n"
    _write_text(
        folder / "Dockerfile", f"{recipe.rstrip()}\nCOPY --chown=1000:1000 repo/ {_ROOT}/\nWORKDIR {_ROOT}\n"
    )


def _write_solution(folder: Path, task: Task, gold: Changes) -> None:
    _write_text(folder / "gold.patch", task.gold_patch)
    _write_files(folder / "files", {path: file for path, file in gold.items() if file is not None})
    (folder / "files").mkdir(parents=True, exist_ok=True)
    deletions = "".join(f"rm -f {quote(f'{_ROOT}/{path}')}\n" for path, file in gold.items() if file is None)
    script = f'#!/bin/sh\nset -e\n{deletions}cp -a "$(dirname "$0")/files/." {_ROOT}/\n'
    _write_text(folder / "solve.sh", script, executable=True)


def _options(task: Task) -> str:
    """Return the task's command, without the limit per test that only codegym's harness has for pytest."""
    words = task.tests.command.split(" ")
    if task.tests.framework != "pytest" or "pytest_timeout" in words:
        return task.tests.command
    return " ".join(word for word in words if not word.startswith("--timeout="))


def _unreadable(task: Task) -> str:
    """Return where a task's results are, if only codegym's harness reads them there; otherwise an empty text."""
    command = task.tests.command
    if prints_junit(command):
        return "its results are in a JUnit report"
    if prints_automake(command) or prints_exit_codes(command):
        return "its results are exit codes or automake's lines"
    runner = parse_command(command) if task.tests.framework == "node" else None
    return f"its results are in a report of {runner.name}" if runner else ""


def _write_tests(folder: Path, task: Task, hidden: Files) -> None:
    if unreadable := _unreadable(task):
        raise ConfigError(f"{task.id}: {unreadable}, which Harbor's script can't read: export other tasks")
    _write_files(folder / "hidden", hidden)
    names = sorted(task.tests.deciding)
    _write_text(folder / "ids.txt", "".join(f"{name}\n" for name in names))
    _write_text(folder / "options.txt", _options(task) + "\n")
    script = resources("codegym.exporter").joinpath(f"kit/{task.tests.framework}.sh").read_text()
    _write_text(folder / "test.sh", script, executable=True)
    if task.tests.framework == "pytest":
        _write_text(folder / "run_pytest.py", f"{program('addopts')}\n{_RUN_PYTEST}")


def _toml(suite: Suite, task: Task, level: str) -> str:
    """Return the text of ``task.toml``. Strings are written as in JSON, which is valid TOML."""
    facts = task.metadata
    own = {
        "id": task.id,
        "suite": suite.env_id,
        "digest": task.digest,
        "image": task.image,
        "language": str(facts.get("language", "")),
        "tests": json.dumps(task.tests.model_dump(mode="json", exclude={"hidden"}), ensure_ascii=False),
        "limits": task.limits.model_dump_json(),
    }
    tables: dict[str, dict[str, str | float | int]] = {
        "metadata": {"difficulty": str(level), "category": "software-engineering"},
        "metadata.codegym": {**own},
        "verifier": {"timeout_sec": task.limits.grade_seconds},
        "agent": {"timeout_sec": task.limits.episode_seconds},
        "environment": {"build_timeout_sec": 600.0, "memory_mb": task.limits.memory_mb},
    }
    text = [
        f"\n[{name}]\n" + "".join(f"{key} = {json.dumps(v, ensure_ascii=False)}\n" for key, v in t.items())
        for name, t in tables.items()
    ]
    return 'version = "1.0"\n' + "".join(text)


def _write_files(folder: Path, files: Files) -> None:
    for path, file in files.items():
        write_file(folder / path, file)


def _write_text(path: Path, text: str, *, executable: bool = False) -> None:
    write_file(path, File(text.encode(), executable=executable))
