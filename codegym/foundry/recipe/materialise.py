"""Turns a line of the lock into a task, with the help of the package's tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from codegym.errors import TaskError
from codegym.foundry.holdout.task_parts import listed_tests, task_patches
from codegym.foundry.holdout.unit import file_of
from codegym.foundry.issue import bug_report
from codegym.foundry.recipe.lock import LockedPackage, LockedTask, short_sha
from codegym.foundry.recipe.recipe import Recipe
from codegym.mutate.encoding import encoding_of
from codegym.sandbox.protocol import File
from codegym.task import SdistSource, Task, TestPlan
from codegym.tree import file_at


def materialise(locked: LockedTask, package: LockedPackage, recipe: Recipe, tree: Path) -> Task:
    """Return the task of one line of the lock. ``tree`` is the folder with the package's files.

    Raises :class:`~codegym.errors.TaskError` if the package does not have the text that the bug replaces.
    """
    files = _files(tree, (locked.path, *map(file_of, locked.hidden.units)))
    original = files[locked.path]
    encoding = encoding_of(original.content)
    source = original.content.decode(encoding)
    mutated = File(_mutant(source, locked).encode(encoding), executable=original.executable)
    fail = tuple(package.tests[n] for n in locked.fail)
    keep = tuple(package.tests[n] for n in locked.keep)
    patches = task_patches(files, {locked.path: mutated}, locked.hidden)
    return Task(
        id=locked.id,
        instruction=bug_report(package.package, [i for i in fail if not locked.hidden.contains(i)], locked.said),
        source=SdistSource(name=package.package, version=package.version, sha256=package.sha256),
        tests=TestPlan(
            framework="pytest",
            fail_to_pass=fail,
            pass_to_pass=keep,
            visible=listed_tests(fail, keep, locked.hidden),
            command=package.options,
            hidden=patches.hidden,
        ),
        image=recipe.image,
        setup_patch=patches.setup,
        gold_patch=patches.gold,
        limits=recipe.limits,
        metadata=_metadata(locked, package, source),
    )


def _files(tree: Path, paths: Iterable[str]) -> dict[str, File]:
    """Return those files of the folder ``tree`` that a task changes."""
    files = {path: file_at(tree, path) for path in paths}
    if missing := [path for path, file in files.items() if file is None]:
        raise TaskError(f"{tree} has no {missing[0]}: make the lock again")
    return {path: file for path, file in files.items() if file is not None}


def _mutant(source: str, locked: LockedTask) -> str:
    if short_sha(source[locked.start : locked.end]) != locked.old_sha:
        raise TaskError(
            f"{locked.id}: {locked.path} does not have the text that the lock was made from: make the lock again"
        )
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
        "hidden": bool(locked.hidden),
    }
