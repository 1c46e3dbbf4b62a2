"""What lies in the box in each state of a task that a certificate is about, as changes of its source.

Many of these are the same: a bug's repair is the untouched source, and where no tests are hidden the bug is what
an empty patch leaves. What is the same is run once for all, which is most of what makes certifying quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from codegym.digest import digest_bytes, digest_json
from codegym.errors import TaskError
from codegym.grade.protected import is_protected
from codegym.patch import PatchError, apply_patch
from codegym.sandbox.protocol import Changes, File
from codegym.source import source_tree
from codegym.suite import Suite
from codegym.task import Task
from codegym.tree import file_at


class State(StrEnum):
    """The source without the bug; with it, as the agent sees it; graded with the gold patch; with an empty one."""

    UNTOUCHED = "untouched"
    BUG = "bug"
    GOLD = "gold"
    EMPTY = "empty"


@dataclass(frozen=True)
class Workspace:
    """Changes of a source tree. Two with the same ``key`` hold the same files."""

    source: Path
    changes: Changes
    key: str


def workspaces(suite: Suite, task: Task) -> dict[State, Workspace]:
    """Return the workspace of each state. Raises :class:`~codegym.errors.TaskError` if a patch does not fit."""
    source = source_tree(task.source, suite.root)
    try:
        bug = apply_patch(task.setup_patch, lambda path: file_at(source, path))
        gold = apply_patch(task.gold_patch, lambda path: bug[path] if path in bug else file_at(source, path))
    except PatchError as error:
        raise TaskError(f"{task.id}: its own patches do not fit: {error}") from error
    hidden = suite.hidden(task)
    kept = {path: file for path, file in gold.items() if not is_protected(path, task.tests, hidden)}
    states: dict[State, Changes] = {
        State.UNTOUCHED: dict(hidden),
        State.BUG: bug,
        State.GOLD: {**bug, **kept, **hidden},
        State.EMPTY: {**bug, **hidden},
    }
    return {state: _workspace(source, changes) for state, changes in states.items()}


def _workspace(source: Path, changes: Changes) -> Workspace:
    real = {path: file for path, file in sorted(changes.items()) if file != file_at(source, path)}
    return Workspace(source, real, digest_json([source.name, {p: _said(f) for p, f in real.items()}]))


def _said(file: File | None) -> list[object] | None:
    return None if file is None else [digest_bytes(file.content), file.executable, file.link]
