"""From a line of the lock to a task, given the package's tree."""

from __future__ import annotations

from pathlib import Path

from codegym.digest import digest_bytes
from codegym.errors import TaskError
from codegym.foundry.issue import instruction
from codegym.foundry.recipe.lock import LockedPackage, LockedTask, short_sha
from codegym.foundry.recipe.recipe import Recipe
from codegym.mutate.encoding import encoding_of
from codegym.patch import make_patch
from codegym.sandbox.protocol import File
from codegym.task import SdistSource, Task, TestPlan

_VISIBLE_FAILING = 3
_VISIBLE_PASSING = 3


def materialise(locked: LockedTask, package: LockedPackage, recipe: Recipe, tree: Path) -> Task:
    """Return the task that ``locked`` stands for. ``tree`` holds the package's files.

    Raises :class:`~codegym.errors.TaskError` if the text that the bug replaces is not there.
    """
    file = tree / locked.path
    right = File(file.read_bytes(), executable=bool(file.stat().st_mode & 0o100))
    encoding = encoding_of(right.content)
    source = right.content.decode(encoding)
    wrong = File(_mutant(source, locked).encode(encoding), executable=right.executable)
    fail = tuple(package.tests[n] for n in locked.fail)
    keep = tuple(package.tests[n] for n in locked.keep)
    return Task(
        id=locked.id,
        instruction=instruction(package.package, fail, locked.said),
        source=SdistSource(name=package.package, version=package.version, sha256=package.sha256),
        tests=TestPlan(
            framework="pytest",
            fail_to_pass=fail,
            pass_to_pass=keep,
            visible=(*fail[:_VISIBLE_FAILING], *keep[:_VISIBLE_PASSING]),
            command=package.options,
        ),
        image=recipe.image,
        setup_patch=make_patch({locked.path: right}, {locked.path: wrong}),
        gold_patch=make_patch({locked.path: wrong}, {locked.path: right}),
        limits=recipe.limits,
        metadata=_metadata(locked, package, source),
    )


def task_id(package: str, key: str) -> str:
    """Return a task's id: the package, and a few digits that say nothing about where the bug is."""
    return f"{package}-{digest_bytes(key.encode())[:8]}"


def _mutant(source: str, locked: LockedTask) -> str:
    if short_sha(source[locked.start : locked.end]) != locked.old_sha:
        raise TaskError(f"{locked.id}: {locked.path} does not hold the text that the lock was made from")
    return source[: locked.start] + locked.new + source[locked.end :]


def _metadata(locked: LockedTask, package: LockedPackage, source: str) -> dict[str, object]:
    old = source[locked.start : locked.end]
    single = "\n" not in old and "\n" not in locked.new
    lines = locked.span[1] - locked.span[0] + 1
    return {
        "split": package.split,
        "language": "python",
        "origin": "mutation",
        "package": package.package,
        "version": package.version,
        "license": package.license,
        "file": locked.path,
        "function": locked.function,
        "line": source.count("\n", 0, locked.start) + 1,
        "operator": locked.operator,
        "function_lines": lines,
        "single_line": single,
        "fail_to_pass": len(locked.fail),
        "difficulty": _difficulty(lines, single=single),
    }


def _difficulty(lines: int, *, single: bool) -> str:
    if not single or lines > 40:
        return "hard"
    return "easy" if lines <= 15 else "medium"
