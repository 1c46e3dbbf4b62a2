"""The task to make a function as quick as it was. A hidden test counts lines; the visible ones pass already."""

from __future__ import annotations

from codegym.foundry.counted.count import TIMES
from codegym.foundry.counted.slow_trial import SlowTrial
from codegym.foundry.draft.draft import Draft
from codegym.foundry.forge.make_task import TaskTemplate, effort_of
from codegym.foundry.issue import slowdown_report
from codegym.patch import make_patch
from codegym.task import PatchSource, Task

_VISIBLE = 10
"""Tests that the agent's test tool runs."""


def slow_task(draft: Draft, trial: SlowTrial, template: TaskTemplate) -> Task:
    """Return the task to undo ``draft``, whose ``trial`` says which test is to run how many lines at most."""
    project, (located,) = template.project, draft.mutations
    mutated = draft.changed_files(project.files)
    original = {path: project.files[path] for path in mutated}
    hidden = make_patch({trial.path: project.files[trial.path]}, {trial.path: trial.file})
    tests = {
        "fail_to_pass": (trial.deciding,),
        "pass_to_pass": trial.passed,
        "visible": trial.passed[:_VISIBLE],
        "hidden": PatchSource(patch=hidden),
    }
    facts = {
        "files": [located.path],
        "functions": [located.mutation.function],
        "operator": draft.kind,
        "function_lines": located.lines,
        "fail_to_pass": 1,
        "counted_lines": {"right": trial.right, "slow": trial.slow, "most": trial.most},
    }
    return Task(
        id=template.task_id(draft.key),
        instruction=slowdown_report(project.origin.name, trial.test, TIMES, trial.slow, trial.most),
        source=template.source,
        tests=project.plan.model_copy(update=tests),
        image=project.image,
        setup_patch=make_patch(original, dict(mutated)),
        gold_patch=make_patch(mutated, dict(original)),
        limits=template.limits,
        metadata=template.metadata(draft.operator, effort_of(draft)) | facts,
    )
