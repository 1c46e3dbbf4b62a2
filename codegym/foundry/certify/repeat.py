"""Runs tests several times in boxes of one source, each time in another workspace.

A box has the source and, for pytest, a warm server. The changes of a workspace are written over the source, the
tests run, and the files are restored. If a run leaves any other file behind, the box is closed and the next run
opens a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from codegym.errors import SandboxError
from codegym.foundry.certify.condition import (
    Condition,
    ConditionedBox,
    conditioned_plan,
    most_memory,
    open_conditioned,
    start_load,
)
from codegym.foundry.certify.workspace import Workspace
from codegym.harness.cache import in_cache_folder
from codegym.harness.codes import Codes, codes_of
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Backend, Changes, File, Sandbox, Tree
from codegym.task import Limits, TestPlan
from codegym.tree import file_at


@dataclass(frozen=True)
class RepeatedRun:
    """One repeated run, and the most memory in MB that one of its processes used (``None``: unknown)."""

    run: TestRun
    memory_mb: float | None


class Repeater:
    """Runs tests in boxes with one source under one condition, one box at a time. Use it as a context manager."""

    def __init__(self, backend: Backend, source: Path, image: str, limits: Limits, condition: Condition) -> None:
        self._open = (backend, Tree((source,), source.name), image, limits, condition)
        self._condition = condition
        self._box: ConditionedBox | None = None

    def run(self, workspace: Workspace, plan: TestPlan, ids: tuple[str, ...]) -> RepeatedRun:
        """Run the tests ``ids`` in ``workspace``, beside a busy process if the condition asks for one.

        Raises :class:`~codegym.errors.SandboxError` if the box fails.
        """
        box = self._box = self._box or open_conditioned(*self._open)
        try:
            apply_changes(box, workspace.changes)
            load = start_load(box) if self._condition.loaded else 0
            timeout = self._open[3].grade_seconds
            run = run_tests(
                box, conditioned_plan(plan), ids, timeout=timeout, warm=True, codes=self._codes(workspace)
            )
            memory = most_memory(box, load)
        except OSError as error:
            self.close()
            raise SandboxError(f"the workspace's changes can't be written over its source: {error}") from error
        except BaseException:
            self.close()
            raise
        self._restore(box, workspace)
        return RepeatedRun(run, memory)

    def _codes(self, workspace: Workspace) -> Codes:
        _, tree, image, *_ = self._open
        return codes_of(tree, workspace.changes, image_digest(image), purpose="certify")

    def _restore(self, box: ConditionedBox, workspace: Workspace) -> None:
        """Restore the source in the box; close the box if anything else differs from the source."""
        try:
            apply_changes(box, {path: file_at(workspace.source, path) for path in workspace.changes})
            left = [path for path in remaining_changes(box, workspace.source) if not in_cache_folder(path)]
        except OSError:
            left = ["a file that a run removed"]
        if left:
            self.close()

    def close(self) -> None:
        """Close the box, if one is open."""
        if self._box is not None:
            self._box.close()
            self._box = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def apply_changes(box: Sandbox, changes: Changes) -> None:
    """Remove and write files in ``box``, as ``changes`` say. Raises ``OSError`` if a file can't be written."""
    for path, file in changes.items():
        if file is None:
            box.remove(path)
    for path, file in changes.items():
        if file is not None:
            _write(box, path, file)


def remaining_changes(box: Sandbox, source: Path) -> Changes:
    """Return the files in ``box`` that differ from the folder ``source``. A restored file does not."""
    return {path: file for path, file in box.changes().items() if file != file_at(source, path)}


def _write(box: Sandbox, path: str, file: File) -> None:
    if file.link is None:
        box.write(path, file.content, executable=file.executable)
        return
    done = box.exec(["sh", "-c", 'mkdir -p "$(dirname "$2")" && ln -sfnT -- "$1" "$2"', "sh", file.link, path])
    if done.exit_code:
        raise OSError(f"the link {path!r} can't be made: {done.stderr.strip()}")
