"""From a draft that breaks the right tests to a task: what the agent is told, what decides, how hard it looks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.trial import Trial
from codegym.foundry.forge.anchor import Anchors
from codegym.foundry.issue import instruction
from codegym.foundry.recipe.materialise import task_id
from codegym.foundry.repository.project import Project
from codegym.patch import make_patch
from codegym.task import Limits, Task

_VISIBLE = 3
_EASY, _MEDIUM = 8.0, 25.0


@dataclass(frozen=True)
class Mould:
    """What all tasks of one forged suite share."""

    project: Project
    anchors: Anchors
    limits: Limits
    split: str

    def cast(self, draft: Draft, trial: Trial, subtasks: Mapping[str, Sequence[str]] | None = None) -> Task:
        """Return the task that ``draft`` makes; ``trial`` says which tests it breaks and which it leaves alone."""
        project = self.project
        source, _ = self.anchors.place(project.files)
        wrong = draft.wrong(project.files)
        right = {path: project.files[path] for path in wrong}
        tests = {"fail_to_pass": trial.failed, "pass_to_pass": trial.passed, "visible": visible(project, trial)}
        return Task(
            id=task_id(re.sub(r"[^A-Za-z0-9._-]", "-", project.origin.name), draft.key),
            instruction=_told(project, draft, trial),
            source=source,
            tests=project.plan.model_copy(update=tests),
            image=project.image,
            setup_patch=make_patch(right, dict(wrong)),
            gold_patch=make_patch(wrong, dict(right)),
            limits=self.limits,
            metadata=self._metadata(draft, trial) | ({"subtasks": dict(subtasks)} if subtasks else {}),
        )

    def _metadata(self, draft: Draft, trial: Trial) -> dict[str, Any]:
        effort = effort_of(draft)
        return self.facts(draft.operator, effort) | {
            "files": sorted({place.path for place in draft.places}),
            "functions": [place.mutation.function for place in draft.places],
            "operator": draft.kind,
            "function_lines": sum(place.lines for place in draft.places),
            "fail_to_pass": len(trial.failed),
        }

    def facts(self, operator: str, effort: float) -> dict[str, Any]:
        """Return the metadata of every task that ``operator`` makes."""
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


def effort_of(draft: Draft) -> float:
    """Estimate how much work a draft's task is: lines to write, lines to read around them, places to find.

    What has been taken out says where it is missing; a slip has to be found. No more than an estimate: rates of
    success are what counts, and they are not known when a task is made.
    """
    effort = 0.0
    for place in draft.places:
        written = place.mutation.old.count("\n") + 1
        effort += written + (0.0 if draft.operator == "removal" else 0.25 * place.lines + 2)
    return effort + 6.0 * (len(draft.places) - 1)


def visible(project: Project, trial: Trial) -> tuple[str, ...]:
    """Return the tests that the agent's test tool runs: some of either kind; all where it is not pytest."""
    if project.plan.framework != "pytest":
        return (*trial.failed, *trial.passed)
    return (*trial.failed[:_VISIBLE], *trial.passed[:_VISIBLE])


def _told(project: Project, draft: Draft, trial: Trial) -> str:
    missing = [place for place in draft.places if place.mutation.operator == "removal"]
    if not missing:
        return instruction(project.origin.name, trial.failed, trial.messages)
    names = [f"- `{place.mutation.function}` in {place.path}" for place in missing]
    what = (
        "The body of a function is missing:" if len(missing) == 1 else "The bodies of some functions are missing:"
    )
    rest = ["", "Elsewhere there are mistakes to repair."] if len(missing) < len(draft.places) else []
    tests = [f"- {test}" for test in trial.failed[:10]]
    more = [f"- and {len(trial.failed) - 10} more"] if len(trial.failed) > 10 else []
    asked = "Write what its documentation, its callers and its tests ask for. These tests have to pass:"
    return "\n".join([what, "", *names, *rest, "", asked, "", *tests, *more])
