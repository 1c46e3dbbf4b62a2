"""Turns a draft that breaks the right tests into a task: its instruction, its tests, its estimated effort."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codegym.foundry.draft.draft import Draft, task_id
from codegym.foundry.draft.trial import Trial
from codegym.foundry.draft.try_drafts import TriedDraft
from codegym.foundry.holdout.task_parts import listed_tests, task_patches
from codegym.foundry.repository.project import Project
from codegym.task import FolderSource, Limits, Task


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
            "effort": round(effort, 1),
        }


def make_task(
    tried: TriedDraft,
    template: TaskTemplate,
    *,
    instruction: str,
    subtasks: Mapping[str, Sequence[str]] | None = None,
) -> Task:
    """Return the task to undo a draft that was tried.

    The agent's tree lacks the hidden tests; they are laid over it for grading. ``subtasks`` maps each part of a
    chain to the tests that only its repair makes pass.
    """
    project, draft, trial = template.project, tried.draft, tried.trial
    patches = task_patches(project.files, draft.changed_files(project.files), trial.hidden)
    tests = {
        "fail_to_pass": trial.failed,
        "pass_to_pass": trial.passed,
        "visible": visible_tests(project, trial),
        "hidden": patches.hidden,
    }
    return Task(
        id=template.task_id(draft.key),
        instruction=instruction,
        source=template.source,
        tests=project.plan.model_copy(update=tests),
        image=project.image,
        setup_patch=patches.setup,
        gold_patch=patches.gold,
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
        "hidden": len(trial.failed) > len(trial.visible_failures),
    }


def effort_of(draft: Draft) -> float:
    """Estimate a task's effort, in lines: those to write, a share of those to read, and a few per place to find.

    A removed body is easy to find, a slip is not. This is a guess from sizes and no measure of difficulty, which
    is how often policies solve the task (:mod:`codegym.difficulty`).
    """
    effort = 0.0
    for located in draft.mutations:
        written = located.mutation.old.count("\n") + 1
        effort += written + (0.0 if draft.operator == "removal" else 0.25 * located.lines + 2)
    return effort + 6.0 * (len(draft.mutations) - 1)


def visible_tests(project: Project, trial: Trial) -> tuple[str, ...]:
    """Return the tests that the agent's test tool runs: some that fail and some that pass, all in its tree.

    A framework other than pytest can't run single tests, so that all are returned.
    """
    if project.plan.framework == "pytest":
        return listed_tests(trial.failed, trial.passed, trial.hidden)
    return tuple(test for test in (*trial.failed, *trial.passed) if not trial.hidden.contains(test))
