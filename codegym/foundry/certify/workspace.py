"""The files in the box in each state of a task that is certified, as changes of its source.

Many states are the same: a repaired bug is the untouched source, and without hidden tests an empty patch leaves
the bug. The same files are run once for all, which is the main reason why certification is quick.
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
    """The states of a task: the source without the bug (with the hidden tests), the source with it as the agent
    sees it, and the graded workspaces of the gold patch and of an empty patch.
    """

    UNTOUCHED = "untouched"
    BUG = "bug"
    GOLD = "gold"
    EMPTY = "empty"


@dataclass(frozen=True)
class Workspace:
    """A source tree and changes of it. Two workspaces with the same ``key`` have the same files."""

    source: Path
    changes: Changes
    key: str


def workspaces(suite: Suite, task: Task) -> dict[State, Workspace]:
    """Map each state to its workspace. Raises TaskError if the task's own patches do not apply."""
    source = source_tree(task.source, suite.root)
    try:
        bug = apply_patch(task.setup_patch, lambda path: file_at(source, path))
        gold = apply_patch(task.gold_patch, lambda path: bug[path] if path in bug else file_at(source, path))
    except PatchError as error:
        raise TaskError(f"{task.id}: its own patches do not apply: {error}") from error
    hidden = suite.hidden(task)
    graded = {path: file for path, file in gold.items() if not is_protected(path, task.tests, hidden)}
    states: dict[State, Changes] = {
        State.UNTOUCHED: dict(hidden),
        State.BUG: bug,
        State.GOLD: {**bug, **graded, **hidden},
        State.EMPTY: {**bug, **hidden},
    }
    return {state: _workspace(source, changes) for state, changes in states.items()}


def _workspace(source: Path, changes: Changes) -> Workspace:
    real = {path: file for path, file in sorted(changes.items()) if file != file_at(source, path)}
    return Workspace(source, real, digest_json([source.name, {p: _identity(f) for p, f in real.items()}]))


def _identity(file: File | None) -> list[object] | None:
    return None if file is None else [digest_bytes(file.content), file.executable, file.link]
