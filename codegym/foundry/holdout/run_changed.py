"""Runs tests in a box with some files changed, and restores the files."""

from __future__ import annotations

from collections.abc import Sequence

from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Changes, Sandbox
from codegym.task import TestPlan
from codegym.tree import Files


def run_changed(
    box: Sandbox, plan: TestPlan, files: Files, changes: Changes, *, tests: Sequence[str], seconds: float
) -> TestRun:
    """Run ``tests`` with ``changes`` made to ``files``, which are in ``box``; then restore the files."""
    write_changes(box, changes)
    try:
        return run_tests(box, plan, tests, timeout=seconds, warm=True)
    finally:
        write_changes(box, {path: files.get(path) for path in changes})


def write_changes(box: Sandbox, changes: Changes) -> None:
    """Write and remove files in ``box``, as ``changes`` say."""
    for path, file in changes.items():
        if file is None:
            box.remove(path)
        else:
            box.write(path, file.content, executable=file.executable)
