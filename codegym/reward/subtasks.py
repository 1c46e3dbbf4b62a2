"""The parts of a chain: the grade of the whole gives each part a verdict of its own, for partial credit.

``metadata["subtasks"]`` of a task maps each part to the fail-to-pass tests that its repair makes pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codegym.episode import TestStatus, Verdict
from codegym.task import Task


def subtask_verdicts(task: Task, verdict: Verdict) -> dict[str, bool]:
    """Return for each part of a chain whether all of its tests passed; empty for a task that is no chain."""
    subtasks: Mapping[str, Sequence[str]] = task.metadata.get("subtasks", {})
    passed = {test for test, status in verdict.fail_to_pass.items() if status is TestStatus.PASSED}
    return {name: passed.issuperset(tests) for name, tests in subtasks.items()}
