"""A project before anything is done to it: which tests pass, always, and (for Python) what each reaches."""

from __future__ import annotations

import time
from dataclasses import dataclass

from codegym.episode import TestStatus
from codegym.errors import TaskError
from codegym.foundry.certify.condition import conditioned_plan, conditions, open_conditioned
from codegym.foundry.draft.hunt import FORGE_LIMITS
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Reach, measure, only
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Backend, Tree

MOST_SECONDS = 600.0
"""How long surveying goes on at most."""
_SHARE = 0.6
"""Of the time is for the first run, the one under coverage."""
_ROUNDS = 3


@dataclass(frozen=True)
class Survey:
    """The tests that pass every time, those ``quarantined`` that do not, and the seconds a run of them all takes.

    ``left_out`` are test files that were not surveyed, since they were not in time or did not end in order.
    """

    tests: tuple[str, ...]
    quarantined: tuple[str, ...]
    left_out: tuple[str, ...]
    seconds: float
    reach: Reach | None


def survey(project: Project, tree: Tree, backend: Backend, seconds: float = MOST_SECONDS) -> Survey:
    """Run the tests of ``project`` twice: as they are, and shuffled with another date and hash seed.

    What is not surveyed in about so many ``seconds`` is left out.

    Raises :class:`~codegym.errors.TaskError`, with what the run said, if no test passes twice.
    """
    deadline = time.monotonic() + seconds
    reach, passed = _first(project, tree, backend, seconds * _SHARE)
    again, spent = _again(project, tree, backend, passed, deadline)
    steady = tuple(test for test in passed if again.get(test) is TestStatus.PASSED)
    if not steady:
        raise TaskError(
            f"no test of {project.origin.said} that passed at first did so again, shuffled and on another date, "
            f"in {spent:.0f} s: give more --seconds, or name other tests with --test-command"
        )
    unsteady = tuple(test for test in passed if test in again and test not in {*steady})
    kept = only(reach, {*steady}) if reach else None
    return Survey(steady, unsteady, reach.left_out if reach else (), spent, kept)


def _first(project: Project, tree: Tree, backend: Backend, seconds: float) -> tuple[Reach | None, tuple[str, ...]]:
    with backend.open(tree, project.image, FORGE_LIMITS) as box:
        if project.plan.framework == "pytest":
            reach = measure(box, project.plan, project.tests, project.sources, seconds=seconds)
            passed, output = reach.tests, reach.output
        else:
            run = run_tests(box, project.plan, timeout=seconds)
            reach, output = None, run.output
            passed = tuple(test for test, status in run.results.items() if status is TestStatus.PASSED)
            if run.timed_out:
                raise TaskError(
                    f"the tests of {project.origin.said} did not end within {seconds:.0f} s: give more --seconds "
                    "(or none), or let --test-command run fewer of them"
                )
            passed = passed if run.complete else ()
    if not passed:
        raise TaskError(
            f"no test of {project.origin.said} passes in image {project.image!r}, which has no network and only "
            "its own packages: add some with --with, choose another --image, or name tests that need no more with "
            f"--test-command. The run said: {output[-1500:]}"
        )
    return reach, passed


def _again(
    project: Project, tree: Tree, backend: Backend, passed: tuple[str, ...], deadline: float
) -> tuple[dict[str, TestStatus], float]:
    """Return what became of each test under other conditions, and the seconds that took.

    Where a run is cut short by one test, the others are run once more without it.
    """
    results: dict[str, TestStatus] = {}
    began = time.monotonic()
    with open_conditioned(backend, tree, project.image, FORGE_LIMITS, conditions(1)[0]) as box:
        for _ in range(_ROUNDS):
            left = tuple(test for test in passed if test not in results)
            room = max(deadline - time.monotonic(), 10.0)
            run = run_tests(box, conditioned_plan(project.plan), left, timeout=room)
            results |= {test: status for test, status in run.results.items() if test in {*left}}
            if run.complete or run.timed_out or len(results) == len(passed):
                break
    return results, time.monotonic() - began
