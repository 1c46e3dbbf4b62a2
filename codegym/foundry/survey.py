"""A project before anything is done to it: which tests pass, always, and (for Python) what each reaches."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from codegym.episode import TestStatus
from codegym.errors import TaskError
from codegym.foundry.condition import conditioned_plan, conditions, open_conditioned
from codegym.foundry.hunt import FORGE_LIMITS
from codegym.foundry.project import Project
from codegym.foundry.reach import Reach, measure
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Backend, Tree

_SECONDS = 600.0


@dataclass(frozen=True)
class Survey:
    """The tests that pass every time, those ``quarantined`` that do not, and the seconds a run of all takes."""

    tests: tuple[str, ...]
    quarantined: tuple[str, ...]
    seconds: float
    reach: Reach | None


def survey(project: Project, tree: Tree, backend: Backend) -> Survey:
    """Run all tests of ``project`` twice: as they are, and shuffled with another date and hash seed.

    Raises :class:`~codegym.errors.TaskError`, with what the run said, if no test passes or a run ends in disorder.
    """
    reach, passed = _first(project, tree, backend)
    again, seconds = _again(project, tree, backend, passed)
    steady = tuple(test for test in passed if again.results.get(test) is TestStatus.PASSED)
    if not steady:
        raise TaskError(f"no test of {project.origin.said} passes twice: {again.output[-1500:]}")
    unsteady = tuple(test for test in passed if test not in {*steady})
    return Survey(steady, unsteady, seconds, _without(reach, {*unsteady}) if reach else None)


def _first(project: Project, tree: Tree, backend: Backend) -> tuple[Reach | None, tuple[str, ...]]:
    with backend.open(tree, project.image, FORGE_LIMITS) as box:
        if project.plan.framework == "pytest":
            reach = measure(box, project.package(), project.files)
            passed = reach.tests
        else:
            run = run_tests(box, project.plan, timeout=_SECONDS)
            reach = None
            passed = tuple(test for test, status in run.results.items() if status is TestStatus.PASSED)
            if not (run.complete and passed):
                raise TaskError(
                    f"the tests of {project.origin.said} did not run to their end: {run.output[-1500:]}"
                )
    if not passed:
        raise TaskError(
            f"no test of {project.origin.said} passes in image {project.image!r}, which has no network and only "
            "its own packages: choose another --image, or tests that need no more with --test-command"
        )
    return reach, passed


def _again(project: Project, tree: Tree, backend: Backend, passed: tuple[str, ...]) -> tuple[TestRun, float]:
    condition = conditions(1)[0]
    with open_conditioned(backend, tree, project.image, FORGE_LIMITS, condition) as box:
        began = time.monotonic()
        run = run_tests(box, conditioned_plan(project.plan), passed, timeout=_SECONDS)
        return run, time.monotonic() - began


def _without(reach: Reach, unsteady: set[str]) -> Reach:
    if not unsteady:
        return reach
    lines = {
        path: {line: tests - unsteady for line, tests in by_line.items()} for path, by_line in reach.lines.items()
    }
    return replace(reach, tests=tuple(test for test in reach.tests if test not in unsteady), lines=lines)
