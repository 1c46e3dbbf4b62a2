"""Turns a draft that breaks the right tests into a task: its instruction, its tests, its estimated difficulty."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codegym.foundry.draft.draft import Draft, task_id
from codegym.foundry.draft.trial import Trial
from codegym.foundry.repository.project import Project
from codegym.patch import make_patch
from codegym.task import FolderSource, Limits, Task

_VISIBLE = 3
"""Tests of each kind, failing and passing, that the agent's test tool runs."""
_EASY = 8.0
"""The largest effort of an easy task, in lines; see :func:`effort_of`."""
_MEDIUM = 25.0
"""The largest effort of a task of medium difficulty."""


@dataclass(frozen=True)
class TaskTemplate:
    """What all tasks of one forged suite share. ``source`` is the tree of the project without any bug."""

    project: Project
    source: FolderSource
    limits: Limits
    split: str

    def task_id(self, key: str) -> str:
        """Return the id of the suite's task that is made from a change with the digest ``key``."""
        return task_id(re.sub(r"[^A-Za-z0-9._-]", "-", self.project.origin.name), key)

    def metadata(self, operator: str, effort: float) -> dict[str, Any]:
        """Return the metadata that every task made by ``operator`` has."""
        origin = self.project.origin
        return {
            "split": self.split,
            "language": self.project.language,
            "origin": operator,
            "package": origin.name,
            "version": origin.version,
            "license": origin.license,
            "difficulty": "easy" if effort <= _EASY else "medium" if effort <= _MEDIUM else "hard",
            "effort": round(effort, 1),
        }


def make_task(
    draft: Draft,
    trial: Trial,
    template: TaskTemplate,
    *,
    instruction: str,
    subtasks: Mapping[str, Sequence[str]] | None = None,
) -> Task:
    """Return the task to undo ``draft``, whose ``trial`` names the tests that it breaks and those that still pass.

    ``subtasks`` maps each part of a chain to the tests that only its repair makes pass.
    """
    project = template.project
    mutated = draft.changed_files(project.files)
    original = {path: project.files[path] for path in mutated}
    tests = {
        "fail_to_pass": trial.failed,
        "pass_to_pass": trial.passed,
        "visible": visible_tests(project, trial),
    }
    return Task(
        id=template.task_id(draft.key),
        instruction=instruction,
        source=template.source,
        tests=project.plan.model_copy(update=tests),
        image=project.image,
        setup_patch=make_patch(original, dict(mutated)),
        gold_patch=make_patch(mutated, dict(original)),
        limits=template.limits,
        metadata=_metadata(draft, trial, template) | ({"subtasks": dict(subtasks)} if subtasks else {}),
    )


def _metadata(draft: Draft, trial: Trial, template: TaskTemplate) -> dict[str, Any]:
    return template.metadata(draft.operator, effort_of(draft)) | {
        "files": sorted({located.path for located in draft.mutations}),
        "functions": [located.mutation.function for located in draft.mutations],
        "operator": draft.kind,
        "function_lines": sum(located.lines for located in draft.mutations),
        "fail_to_pass": len(trial.failed),
    }


def effort_of(draft: Draft) -> float:
    """Estimate a task's effort, in lines: those to write, a share of those to read, and a few per place to find.

    A removed body is easy to find, a slip is not. This is a guess from sizes; how often policies solve the task is
    what counts, and nobody knows that when the task is made.
    """
    effort = 0.0
    for located in draft.mutations:
        written = located.mutation.old.count("\n") + 1
        effort += written + (0.0 if draft.operator == "removal" else 0.25 * located.lines + 2)
    return effort + 6.0 * (len(draft.mutations) - 1)


def visible_tests(project: Project, trial: Trial) -> tuple[str, ...]:
    """Return the tests that the agent's test tool runs: some that fail and some that pass.

    A framework other than pytest can't run single tests, so that all are returned.
    """
    if project.plan.framework != "pytest":
        return (*trial.failed, *trial.passed)
    return (*trial.failed[:_VISIBLE], *trial.passed[:_VISIBLE])
