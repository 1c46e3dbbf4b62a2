"""Surveys a project before drafts are tried: which tests always pass and (for Python) which lines each runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from codegym.episode import TestStatus
from codegym.errors import TaskError
from codegym.foundry.certify.condition import conditioned_plan, conditions, open_conditioned
from codegym.foundry.draft.setup import FORGE_LIMITS
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Reach, measure, restricted
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Backend, Tree

MOST_SECONDS = 600.0
"""Seconds that a survey may take."""
_FIRST_SHARE = 0.6
"""The share of the time for the first run, which is slower since it measures coverage."""
_ROUNDS = 3
"""Runs of the second kind: a test that cuts one short is left out of the next."""
_LEAST_SECONDS = 10.0
"""Seconds that a run of the second kind has, even if the time is up."""


@dataclass(frozen=True)
class Survey:
    """The tests that pass every time (``tests``), those that pass sometimes (``quarantined``), and their reach.

    ``left_out`` are the test files that were not surveyed: they took too long or did not end in order. ``seconds``
    is what one run of all tests takes.
    """

    tests: tuple[str, ...]
    quarantined: tuple[str, ...]
    left_out: tuple[str, ...]
    seconds: float
    reach: Reach | None


def survey(project: Project, tree: Tree, backend: Backend, seconds: float = MOST_SECONDS) -> Survey:
    """Run the tests of ``project`` twice: as they are, then shuffled with another date and hash seed.

    Test files that can't be surveyed in about ``seconds`` are left out. Raises
    :class:`~codegym.errors.TaskError`, with the end of the run's output, if no test passes both times.
    """
    deadline = time.monotonic() + seconds
    reach, passed = _run_plain(project, tree, backend, seconds * _FIRST_SHARE)
    results, spent = _run_shuffled(project, tree, backend, passed, deadline)
    steady = tuple(test for test in passed if results.get(test) is TestStatus.PASSED)
    if not steady:
        raise TaskError(
            f"no test of {project.origin.label} that passed at first passed again, shuffled and on another date, "
            f"in {spent:.0f} s: give more --seconds, or name other tests with --test-command"
        )
    return Survey(
        tests=steady,
        quarantined=tuple(test for test in passed if test in results and test not in {*steady}),
        left_out=reach.left_out if reach else (),
        seconds=spent,
        reach=restricted(reach, {*steady}) if reach else None,
    )


def _run_plain(
    project: Project, tree: Tree, backend: Backend, seconds: float
) -> tuple[Reach | None, tuple[str, ...]]:
    """Return what the tests reach (``None`` unless they are pytest's), and those that pass."""
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
                    f"the tests of {project.origin.label} did not end within {seconds:.0f} s: give more --seconds "
                    "(or none), or let --test-command run fewer of them"
                )
            passed = passed if run.complete else ()
    if not passed:
        raise TaskError(
            f"no test of {project.origin.label} passes in image {project.image!r}, which has no network and only "
            "its own packages: add some with --with, choose another --image, or name tests that need no more with "
            f"--test-command. The run said: {output[-1500:]}"
        )
    return reach, passed


def _run_shuffled(
    project: Project, tree: Tree, backend: Backend, tests: tuple[str, ...], deadline: float
) -> tuple[dict[str, TestStatus], float]:
    """Return the result of each test under other conditions, and the seconds that all runs took.

    If one test cuts a run short, those without a result are run again.
    """
    results: dict[str, TestStatus] = {}
    began = time.monotonic()
    with open_conditioned(backend, tree, project.image, FORGE_LIMITS, conditions(1)[0]) as box:
        for _ in range(_ROUNDS):
            left = tuple(test for test in tests if test not in results)
            seconds = max(deadline - time.monotonic(), _LEAST_SECONDS)
            run = run_tests(box, conditioned_plan(project.plan), left, timeout=seconds)
            results |= {test: status for test, status in run.results.items() if test in {*left}}
            if run.complete or run.timed_out or len(results) == len(tests):
                break
    return results, time.monotonic() - began
