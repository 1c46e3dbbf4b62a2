"""Runs a task's tests again and again in boxes of one source, each time as a workspace says.

A box holds the source and, for pytest, a warm server; a workspace's files are laid over it, the tests run, and the
files are put back. What a run leaves behind is looked for: then the box is given up and another one opened.
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
    keep_company,
    most_memory,
    open_conditioned,
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
class Repeated:
    """One repeated run, and the most memory in MB that one of its processes held, where that is known."""

    run: TestRun
    memory_mb: float | None


class Repeater:
    """Boxes with one source under one condition, one at a time; a context manager."""

    def __init__(self, backend: Backend, source: Path, image: str, limits: Limits, condition: Condition) -> None:
        self._open = (backend, Tree((source,), source.name), image, limits, condition)
        self._condition = condition
        self._box: ConditionedBox | None = None

    def run(self, workspace: Workspace, plan: TestPlan, ids: tuple[str, ...]) -> Repeated:
        """Run ``ids`` in ``workspace``, in company of a busy neighbour where the condition asks for one.

        Raises :class:`~codegym.errors.SandboxError` if the box fails.
        """
        box = self._box = self._box or open_conditioned(*self._open)
        try:
            lay(box, workspace.changes)
            company = keep_company(box) if self._condition.loaded else 0
            timeout = self._open[3].grade_seconds
            run = run_tests(
                box, conditioned_plan(plan), ids, timeout=timeout, warm=True, codes=self._codes(workspace)
            )
            memory = most_memory(box, company)
        except OSError as error:
            self.close()
            raise SandboxError(f"the workspace can't be laid over its source: {error}") from error
        except BaseException:
            self.close()
            raise
        self._put_back(box, workspace)
        return Repeated(run, memory)

    def _codes(self, workspace: Workspace) -> Codes:
        _, tree, image, *_ = self._open
        return codes_of(tree, workspace.changes, image_digest(image), purpose="certify")

    def _put_back(self, box: ConditionedBox, workspace: Workspace) -> None:
        try:
            lay(box, {path: file_at(workspace.source, path) for path in workspace.changes})
            left = [path for path in changed(box, workspace.source) if not in_cache_folder(path)]
        except OSError:
            left = ["a file that a run took away"]
        if left:
            self.close()

    def close(self) -> None:
        """Close the box that is open, if one is."""
        if self._box is not None:
            self._box.close()
            self._box = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def lay(box: Sandbox, changes: Changes) -> None:
    """Make the workspace of ``box`` differ as ``changes`` say. Raises ``OSError`` where that can't be."""
    for path, file in changes.items():
        if file is None:
            box.remove(path)
    for path, file in changes.items():
        if file is not None:
            _write(box, path, file)


def changed(box: Sandbox, source: Path) -> Changes:
    """Return what differs in ``box`` from the folder ``source``; a file that was written back does not."""
    return {path: file for path, file in box.changes().items() if file != file_at(source, path)}


def _write(box: Sandbox, path: str, file: File) -> None:
    if file.link is None:
        box.write(path, file.content, executable=file.executable)
        return
    made = box.exec(["sh", "-c", 'mkdir -p "$(dirname "$2")" && ln -sfnT -- "$1" "$2"', "sh", file.link, path])
    if made.exit_code:
        raise OSError(f"the link {path!r}: {made.stderr.strip()}")
