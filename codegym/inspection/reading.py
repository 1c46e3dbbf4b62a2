"""Tasks to read in full, drawn by a seed: what no table shows is whether a task is worth solving."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence

from codegym.errors import TaskError
from codegym.inspection.facts import files_before
from codegym.inspection.functions import is_source
from codegym.patch import PatchError
from codegym.suite import Suite
from codegym.syntax import parse_module
from codegym.task import Frozen, Task
from codegym.tool.cut import cut

_MOST_TESTS = 6
"""Tests of a task whose code is shown."""
_MOST_CHARACTERS = 6000
"""Characters of a test's code; of more, the middle is left out."""


class ShownTest(Frozen):
    """A deciding test that fails before the gold patch: its id and its code (empty if that can't be found)."""

    id: str
    is_visible: bool
    code: str


class TaskReading(Frozen):
    """All of a task that a person needs to judge it. ``more_tests`` fail-to-pass tests are not shown.

    ``hidden_files`` maps the paths of hidden files to their text, if the ids of tests do not name their files.
    """

    task: str
    instruction: str
    gold_patch: str
    tests: tuple[ShownTest, ...]
    hidden_files: dict[str, str]
    more_tests: int
    pass_to_pass: int


def drawn(ids: Sequence[str], count: int, seed: int) -> list[str]:
    """Return ``count`` of ``ids`` in order, the same for the same seed."""
    chosen = set(random.Random(seed).sample(sorted(ids), min(count, len(ids))))  # noqa: S311 - not for secrets
    return [task_id for task_id in ids if task_id in chosen]


def reading_of(suite: Suite, task: Task) -> TaskReading:
    """Return a task with the code of its first fail-to-pass tests, as far as its files are on this machine."""
    tests = task.tests.fail_to_pass
    shown_tests = tuple(_shown_tests(suite, task, tests[:_MOST_TESTS]))
    return TaskReading(
        task=task.id,
        instruction=task.instruction.strip(),
        gold_patch=task.gold_patch,
        tests=shown_tests,
        hidden_files={} if any(test.code for test in shown_tests) else _hidden_files(suite, task),
        more_tests=max(0, len(tests) - _MOST_TESTS),
        pass_to_pass=len(task.tests.pass_to_pass),
    )


def _shown_tests(suite: Suite, task: Task, tests: Sequence[str]) -> Iterator[ShownTest]:
    try:
        hidden, before = suite.hidden(task), files_before(suite, task)
    except (TaskError, PatchError):
        yield from (ShownTest(id=test, is_visible=test in task.tests.visible, code="") for test in tests)
        return
    already: set[str] = set()
    for test in tests:
        path, _, name = test.partition("::")
        file = hidden.get(path) or before.get(path)
        text = file.content.decode(errors="replace") if file else ""
        code = cut(_code(path, text, name), _MOST_CHARACTERS)
        yield ShownTest(id=test, is_visible=test in task.tests.visible, code="" if code in already else code)
        already.add(code)


def _hidden_files(suite: Suite, task: Task) -> dict[str, str]:
    """Return the text of the hidden source files, by path; none if they are not on this machine."""
    try:
        files = suite.hidden(task)
    except (TaskError, PatchError):
        return {}
    texts = {path: file.content.decode(errors="replace") for path, file in files.items() if is_source(path)}
    return {path: cut(text, _MOST_CHARACTERS) for path, text in texts.items()}


def _code(path: str, text: str, name: str) -> str:
    """Return the code of one test; of a file that is not Python, all of it."""
    if not path.endswith(".py"):
        return text
    try:
        node: ast.AST = parse_module(text)
    except (SyntaxError, ValueError, RecursionError):
        return text
    for part in name.partition("[")[0].split("::"):
        inner = [child for child in ast.walk(node) if getattr(child, "name", None) == part]
        if not inner:
            return text
        node = inner[0]
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])  # type: ignore[attr-defined]
