"""Surveys a project before drafts are tried: which tests always pass and (for Python) which lines each runs.

What was run is kept (:mod:`codegym.foundry.forge.survey_journal`). The next survey of the same project runs only
what has no result yet, and has the whole time for it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from codegym.episode import TestStatus
from codegym.errors import TaskError
from codegym.foundry.certify.condition import conditioned_plan, conditions, open_conditioned
from codegym.foundry.forge.survey_journal import SurveyJournal, SurveyResult
from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Measured, Reach, failed_count, measure, restricted
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Backend, Sandbox, Tree

MOST_SECONDS = 600.0
"""Seconds that a survey may take."""
_FIRST_SHARE = 0.6
"""The share of the time for the first run, which is slower since it measures coverage."""
_ROUNDS = 3
"""Runs of the second kind: a test that cuts one short is left out of the next."""
_NAMED = 3
"""Test files that an error names; the others are only counted."""
_LEAST_SECONDS = 10.0
"""Seconds that a run of the second kind has, even if the time is up."""


@dataclass(frozen=True)
class Survey:
    """The tests that pass every time (``tests``), those that pass sometimes (``quarantined``), and their reach.

    ``left_out`` are the test files that were not surveyed: they took too long or did not end in order. ``failed``
    is how many other tests fail in the untouched tree, ``seconds`` what one run of all tests takes.
    """

    tests: tuple[str, ...]
    quarantined: tuple[str, ...]
    left_out: tuple[str, ...]
    seconds: float
    reach: Reach | None
    failed: int = 0


@dataclass(frozen=True)
class _Plain:
    """The tests that pass as they are, how many fail, and what the former reach (``None`` unless pytest's)."""

    passed: tuple[str, ...]
    failed: int
    reach: Reach | None = None
    output: str = ""


@dataclass(frozen=True)
class _Inputs:
    """What is surveyed and where, and the journal of the results."""

    project: Project
    tree: Tree
    backend: Backend
    journal: SurveyJournal


def survey(project: Project, tree: Tree, backend: Backend, seconds: float = MOST_SECONDS) -> Survey:
    """Run the tests of ``project`` twice: as they are, then shuffled with another date and hash seed.

    Test files that can't be surveyed in about ``seconds`` are left out. Raises
    :class:`~codegym.errors.TaskError` if no test passes both times: with the end of the run's output, or with the
    test files that did not end in time.
    """
    deadline = time.monotonic() + seconds
    inputs = _Inputs(project, tree, backend, SurveyJournal(project, tree))
    plain = _run_plain(inputs, seconds * _FIRST_SHARE)
    reach, passed = plain.reach, plain.passed
    results, spent = _run_shuffled(inputs, passed, deadline)
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
        failed=plain.failed,
    )


def _run_plain(inputs: _Inputs, seconds: float) -> _Plain:
    """Run the tests as they are. Raises :class:`~codegym.errors.TaskError` if none passes."""
    project, journal = inputs.project, inputs.journal
    earlier = [result.measured for result in journal.read() if result.measured]
    if project.plan.framework != "pytest" and earlier:
        return _Plain(earlier[-1].passed, earlier[-1].failed)
    with inputs.backend.open(inputs.tree, project.image, FORGE_LIMITS) as box:
        if project.plan.framework == "pytest":
            reach = measure(
                box,
                project.plan,
                project.tests,
                project.sources,
                seconds=seconds,
                earlier=earlier,
                record=lambda result: journal.add(SurveyResult(measured=result)),
            )
            plain = _Plain(reach.tests, reach.failed, reach, reach.output)
        else:
            plain = _run_whole(box, project, seconds, journal)
    if not plain.passed and plain.reach and plain.reach.unfinished:
        raise TaskError(_why_unfinished(project, plain.reach, seconds))
    if not plain.passed:
        raise TaskError(
            f"no test of {project.origin.label} passes in image {project.image!r}, which has no network and only "
            "its own packages: add some with --with, choose another --image, or name tests that need no more with "
            f"--test-command. The run said: {plain.output[-1500:]}"
        )
    return plain


def _run_whole(box: Sandbox, project: Project, seconds: float, journal: SurveyJournal) -> _Plain:
    """Run all tests by a command that is not pytest's."""
    run = run_tests(box, project.plan, timeout=seconds)
    if run.timed_out:
        raise TaskError(
            f"the tests of {project.origin.label} did not end within {seconds:.0f} s: give more --seconds "
            "(or none), or let --test-command run fewer of them"
        )
    passed = tuple(test for test, status in run.results.items() if status is TestStatus.PASSED)
    if run.complete and passed:
        measured = Measured(files=(), passed=passed, lines={}, failed=failed_count(run))
        journal.add(SurveyResult(measured=measured))
    return _Plain(passed if run.complete else (), failed_count(run), output=run.output)


def _why_unfinished(project: Project, reach: Reach, seconds: float) -> str:
    """Return what to say if no test passed and test files did not end in time."""
    names, count = ", ".join(reach.unfinished[:_NAMED]), len(reach.unfinished)
    more = ", …" if count > _NAMED else ""
    others = len(reach.left_out) - count
    broken = f" {others} others did not end in order." if others else ""
    return (
        f"{project.origin.label}: {count} test file{'s' * (count != 1)} did not end in {seconds:.0f} s "
        f"({names}{more}).{broken} Give more --seconds (or none): what was surveyed is kept, and the next forge "
        "continues there. Or name fewer tests with --test-command"
    )


def _run_shuffled(inputs: _Inputs, tests: tuple[str, ...], deadline: float) -> tuple[dict[str, TestStatus], float]:
    """Return the result of each test under other conditions, and the seconds that all runs took.

    If one test cuts a run short, those without a result are run again.
    """
    project, journal = inputs.project, inputs.journal
    earlier = [result for result in journal.read() if result.shuffled]
    results = {test: status for result in earlier for test, status in result.shuffled.items() if test in {*tests}}
    spent = sum(result.seconds for result in earlier)
    if len(results) == len(tests):
        return results, spent
    with open_conditioned(inputs.backend, inputs.tree, project.image, FORGE_LIMITS, conditions(1)[0]) as box:
        for _ in range(_ROUNDS):
            left = tuple(test for test in tests if test not in results)
            seconds, start = max(deadline - time.monotonic(), _LEAST_SECONDS), time.monotonic()
            run = run_tests(box, conditioned_plan(project.plan), left, timeout=seconds)
            new = {test: status for test, status in run.results.items() if test in {*left}}
            result = SurveyResult(shuffled=new, seconds=time.monotonic() - start)
            journal.add(result)
            results |= new
            spent += result.seconds
            if run.complete or run.timed_out or len(results) == len(tests):
                break
    return results, spent
