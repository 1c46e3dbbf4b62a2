"""The memoriser: a scripted cheat that every task has to defeat.

It learns, under gold, what the changed functions return and raise for each call that the visible tests make. Then
it hands in the buggy functions with that table in front. A task that it resolves rewards special cases.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from codegym.foundry.certify.repeat import apply_changes
from codegym.grade.subject import Subject
from codegym.harness.inbox_text import without_future
from codegym.harness.run import run_tests
from codegym.patch import make_patch
from codegym.sandbox.protocol import Changes, File, Sandbox
from codegym.suite import Suite
from codegym.task import Task

_PROGRAM = Path(__file__).parent / "inbox" / "remember.py"
_LOG = "/tmp/.codegym-calls-"  # noqa: S108  a path in the box
_ENTRY = re.compile(r"[A-Za-z0-9+/=]+ [A-Za-z0-9+/=]+")
_MOST_TEXT = 1 << 20
"""Characters of the table; a larger one would make a patch that no grader accepts."""


def changed_functions(task: Task) -> dict[str, list[str]]:
    """Map each changed file to the changed functions that may be in it; empty if a task does not name them.

    Only tasks with hidden tests count: if all tests are visible, there is nothing else to know.
    """
    metadata = task.metadata
    if task.tests.framework != "pytest" or task.tests.hidden is None:
        return {}
    paths, functions = metadata.get("files"), metadata.get("functions")
    paths = paths if isinstance(paths, list | tuple) else [metadata.get("file")]
    functions = functions if isinstance(functions, list | tuple) else [metadata.get("function")]
    names = [str(name) for name in functions if name]
    return {str(path): names for path in paths if path and names}


def memoriser_patch(subject: Subject) -> str:
    """Return the memoriser's patch for a task with changed functions; empty if it has seen no call.

    Raises :class:`~codegym.errors.SandboxError` if the box fails.
    """
    suite, task = subject.suite, subject.task
    functions = changed_functions(task)
    log = _LOG + secrets.token_hex(8)
    table = _learn(subject, functions, log) if functions else {}
    if not table:
        return ""
    buggy = {path: file for path in functions if (file := suite.base_file(task, path)) is not None}
    cheats: Changes = {path: _with_memory(file, functions[path], table, "") for path, file in buggy.items()}
    return make_patch(buggy, cheats)


def _learn(subject: Subject, functions: dict[str, list[str]], log: str) -> dict[str, str]:
    """Run the visible tests under gold, with a memory that is written to ``log``, and return what it learnt."""
    suite, task, gold = subject.suite, subject.task, subject.gold or {}
    paths = _visible_test_files(suite, task)
    files = {path: file for path in functions if (file := gold.get(path)) is not None}
    learning = {path: _with_memory(file, functions[path], {}, log) for path, file in files.items()}
    if not learning or not paths:
        return {}
    with subject.open() as box:
        apply_changes(box, {**gold, **learning})
        command = " ".join([task.tests.command, *map(shlex.quote, paths)]).strip()
        plan = task.tests.model_copy(update={"command": command})
        run_tests(box, plan, timeout=task.limits.grade_seconds)
        return dict(_entries(_read(box, log)))


def _visible_test_files(suite: Suite, task: Task) -> list[str]:
    """Return the files of deciding tests that are in the agent's tree."""
    paths = dict.fromkeys(test.partition("::")[0] for test in task.tests.deciding)
    return [path for path in paths if suite.base_file(task, path) is not None]


def _read(box: Sandbox, log: str) -> str:
    return box.exec(["sh", "-c", 'head -c "$1" "$2"', "sh", str(_MOST_TEXT), log], cwd="/").stdout


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and outcomes in a log, both as base64. What they contain is never unpacked here."""
    for line in text.splitlines():
        if _ENTRY.fullmatch(line):
            key, _, outcome = line.partition(" ")
            yield key, outcome


def _with_memory(file: File, names: Iterable[str], table: dict[str, str], log: str) -> File:
    """Return a module with the memoriser's program at its end, in a function, so that no name of it is taken."""
    settings = f"NAMES = {list(names)!r}\nTABLE = {table!r}\nLOG = {log!r}\n"
    program = settings + without_future(_PROGRAM.read_text()) + "\n_install_all()\n"
    text = f"\n\nexec({program!r}, {{'_module': globals()}})\n"
    return File(file.content + text.encode(), executable=file.executable)
