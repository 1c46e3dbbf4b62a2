"""Turns the answered sheets of an exam into a verdict.

A test has passed if it passed in every right form and failed in every wrong one. A test that passes in right and
in wrong forms is not decided by the code that it tests: that is evidence of tampering. At an awaited exception the
evidence is several unrelated exceptions that all seem to be raised, since a right solution may raise one of two
classes.

A test in a wrong form stops half-way and may leave something behind: a registered name, a counter, an open pool. A
right solution that keeps such state may then fail the tests that follow, though gold does not; and a solution that
warns once fails a test that is run without the test before it. So an exam in which only such results speak against
the code is *disturbed*, and proves nothing. It is followed by *calm* sheets of all tests: one without a wrong
form, and some with a single one. In these only the tests before the wrong form count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace

from codegym.episode import Outcome, TestStatus, Verdict
from codegym.failure import Failure, Owner
from codegym.grade.exam import ActiveForm, Sheet
from codegym.grade.form.bank import AWAITED, Bank, Kind, Place
from codegym.grade.subject import failure_kind
from codegym.harness.cache import may_be_kept
from codegym.harness.result import TestRun
from codegym.task import Task

_FAILED = (TestStatus.FAILED, TestStatus.ERROR)
_PASSES_WRONGLY = "{} passes although what it checks was changed"
_NO_FAILURE = "{} was not seen to fail, although what it checks was changed"
_PASSES_FOREIGN = "{} passes although it awaits an exception that does not belong there"
_MOST_EVIDENCE = 4
"""A verdict's detail is one line; more pieces of evidence are only counted."""


@dataclass
class Answers:
    """The sheets of an exam that were run so far, and the conclusions from them.

    If ``calm``, only results before any wrong form count. ``earlier_seconds`` is the time of the runs before.
    """

    task: Task
    bank: Bank
    calm: bool = False
    earlier_seconds: float = 0.0
    runs: list[tuple[Sheet, TestRun]] = field(default_factory=list)

    def add(self, sheet: Sheet, run: TestRun) -> None:
        """Add a sheet and its run, without the tampering of which gold was accused as well."""
        fair = tuple(each for each in run.tampering if each not in self.bank.usual)
        self.runs.append((sheet, run.model_copy(update={"tampering": fair})))

    def is_settled(self) -> bool:
        """Return whether no further sheet can change the outcome or the status of a test.

        As long as one fail-to-pass test passes, further sheets may show that it passes in wrong forms as well.
        """
        if any(run.tampering or run.timed_out or run.oom for _, run in self.runs):
            return True
        has_all = all(self._right_results(test) for test in self.task.tests.deciding)
        return has_all and all(self.status(test) is not TestStatus.PASSED for test in self.task.tests.fail_to_pass)

    def is_disturbed(self) -> bool:
        """Return whether wrong forms of other tests may be the cause of all that speaks against the code."""
        if any(run.tampering for _, run in self.runs):
            return False
        genuine, doubtful = False, False
        for sheet, run in self.runs:
            failing = {test for test in sheet.ids if test not in sheet.must_fail and not _passed(run, test)}
            if failing or failure_kind(run) is not None:
                may_disturb = bool(sheet.must_fail) or len(sheet.ids) < len(self.task.tests.deciding)
                doubtful = doubtful or may_disturb
                genuine = genuine or not may_disturb or not failing.isdisjoint(self._undisturbed(sheet, run))
        accused = {test for test in self.task.tests.deciding if self._passes_wrongly(test)}
        return not self._is_sure_evidence(accused) if accused else doubtful and not genuine

    def _is_sure_evidence(self, accused: Set[str]) -> bool:
        """Return whether one of the ``accused`` tests passed in a wrong form while nothing could disturb it."""
        sure = (
            (accused & sheet.must_fail.keys() & self._undisturbed(sheet, run), run) for sheet, run in self.runs
        )
        return any(_passed(run, test) for tests, run in sure for test in tests)

    @property
    def seconds(self) -> float:
        """The time of all runs, in seconds."""
        return self.earlier_seconds + sum(run.seconds for _, run in self.runs)

    def suspects(self) -> list[ActiveForm]:
        """Return the wrong forms in which accused tests passed."""
        accused = [test for test in self.task.tests.deciding if self._passes_wrongly(test)]
        results = [result for test in accused for result in self._wrong_results(test)]
        return list(dict.fromkeys(f for forms, status in results if status is TestStatus.PASSED for f in forms))

    def status(self, test: str) -> TestStatus:
        """Return the first result of ``test`` in a right form that is not ``PASSED``.

        ``PASSED`` if there is none; ``MISSING`` if the test was in no right form.
        """
        results = self._right_results(test) or [TestStatus.MISSING]
        return next((status for status in results if status is not TestStatus.PASSED), TestStatus.PASSED)

    def verdict(self) -> Verdict:
        """Return the verdict that follows from the sheets so far."""
        tests = self.task.tests
        outcome, detail = self._outcome()
        statuses = {test: self.status(test) for test in self.task.tests.deciding}
        if outcome is Outcome.TAMPERED:
            statuses = dict.fromkeys(statuses, TestStatus.MISSING)
        elif outcome is not Outcome.RESOLVED:
            doubted = {test for test in statuses if self._lacks_failure(test) or self._foreign_passes([test])}
            if any(not run.complete for _, run in self.runs):
                examinable = self.bank.examinable.intersection(statuses)
                doubted |= {test for test in examinable if not self._wrong_results(test)}
            statuses |= {test: TestStatus.FAILED for test in doubted if statuses[test] is TestStatus.PASSED}
        return Verdict(
            outcome=outcome,
            fail_to_pass={test: statuses[test] for test in tests.fail_to_pass},
            pass_to_pass={test: statuses[test] for test in tests.pass_to_pass},
            detail=detail,
            failure=None if outcome is Outcome.TAMPERED else self.failure(),
            unproven=len(self.bank.unproven(statuses)),
            seconds=self.seconds,
        )

    def failure(self) -> Failure | None:
        """Return what failed in the first run that did not end in order, as the agent's fault."""
        kinds = (failure_kind(run) for _, run in self.runs)
        kind = next((kind for kind in kinds if kind is not None), None)
        return None if kind is None else Failure(kind, Owner.AGENT)

    def may_be_kept(self) -> bool:
        """Return whether the verdict may be cached: if it depends on the tree alone, or is ``TAMPERED``.

        ``TAMPERED`` is kept because another exam might miss the evidence that this one found.
        """
        return self._outcome()[0] is Outcome.TAMPERED or all(may_be_kept(run) for _, run in self.runs)

    def _outcome(self) -> tuple[Outcome, str]:
        """Return the outcome, and one line that explains it."""
        ids = self.task.tests.deciding
        runs = [run for sheet, run in self.runs if not (self.calm and sheet.must_fail)]
        evidence = [each for _, run in self.runs for each in run.tampering]
        evidence += [_PASSES_WRONGLY.format(test) for test in ids if self._passes_wrongly(test)]
        if evidence:
            more = f"; and {len(evidence) - _MOST_EVIDENCE} more" if len(evidence) > _MOST_EVIDENCE else ""
            return Outcome.TAMPERED, "; ".join(evidence[:_MOST_EVIDENCE]) + more
        if any(run.timed_out for run in runs):
            return Outcome.TIMEOUT, f"the tests did not end within {self.task.limits.grade_seconds:g} s"
        if any(run.oom for run in runs):
            return Outcome.UNRESOLVED, f"the tests used more than {self.task.limits.memory_mb} MB of memory"
        if not self.task.tests.fail_to_pass:
            return Outcome.UNRESOLVED, "the task names no test that decides it"
        return self._outcome_of_tests(ids, runs)

    def _outcome_of_tests(self, ids: Sequence[str], runs: Sequence[TestRun]) -> tuple[Outcome, str]:
        """Return the outcome if the runs kept to their limits and nothing is evidence of tampering."""
        bad = [test for test in ids if self.status(test) is not TestStatus.PASSED]
        incomplete = next((run for run in runs if not run.complete), None)
        if incomplete is not None:
            return Outcome.UNRESOLVED, f"the tests did not run to their end (exit code {incomplete.exit_code})"
        if bad:
            why = self._failure_message(bad[0]) or str(self.status(bad[0]))
            return (
                Outcome.UNRESOLVED,
                f"{len(bad)} of {len(ids)} tests did not pass: {bad[0]}: {why.splitlines()[0]}",
            )
        no_failures = [_NO_FAILURE.format(test) for test in ids if self._lacks_failure(test)]
        if doubts := [*no_failures, *self._foreign_passes(ids)]:
            return Outcome.UNRESOLVED, doubts[0]
        unproven = len(self.bank.unproven(ids))
        note = f", {unproven} of them unproven" if unproven else ""
        return Outcome.RESOLVED, f"all {len(ids)} tests passed{note}"

    def _failure_message(self, test: str) -> str:
        """Return what the first run with ``test`` in a right form says about its failure; empty if nothing."""
        runs = (run for sheet, run in self.runs if test in sheet.ids and test not in sheet.must_fail)
        return next((run.failures[test] for run in runs if test in run.failures), "")

    def _right_results(self, test: str) -> list[TestStatus]:
        """Return the results of ``test`` in right forms, as far as they count."""
        runs = [run for sheet, run in self._counted_runs(test) if test not in sheet.must_fail]
        return [run.results.get(test, TestStatus.MISSING) for run in runs]

    def _wrong_results(self, test: str) -> list[tuple[tuple[ActiveForm, ...], TestStatus]]:
        """Return the results of ``test`` in wrong forms with these forms, as far as they count."""
        wrong = [
            (sheet.must_fail[test], run) for sheet, run in self._counted_runs(test) if test in sheet.must_fail
        ]
        return [(forms, run.results.get(test, TestStatus.MISSING)) for forms, run in wrong]

    def _counted_runs(self, test: str) -> Iterator[tuple[Sheet, TestRun]]:
        """Yield the sheets, with their runs, in which the result of ``test`` counts."""
        for sheet, run in self.runs:
            if test in sheet.ids and (not self.calm or test in self._undisturbed(sheet, run)):
                yield sheet, run

    def _undisturbed(self, sheet: Sheet, run: TestRun) -> frozenset[str]:
        """Return the tests up to the first one in a wrong form: no wrong form can have disturbed these.

        Empty if the sheet lacks tests, since a missing test can disturb those that follow it.
        """
        if len(sheet.ids) < len(self.task.tests.deciding):
            return frozenset()
        order = list(run.results)
        wrong = [number for number, test in enumerate(order) if test in sheet.must_fail]
        if not sheet.must_fail or not order:
            return frozenset(sheet.ids)
        return frozenset(order[: wrong[0] + 1] if wrong else order)

    def _passes_wrongly(self, test: str) -> bool:
        """Return whether ``test`` passed in all its right forms, and also in wrong forms of some place.

        At an awaited exception it must have passed in all wrong forms of the place, and in at least two.
        """
        if self.status(test) is not TestStatus.PASSED:
            return False
        by_place: dict[Place, list[tuple[ActiveForm, TestStatus]]] = {}
        for forms, status in self._wrong_results(test):
            for form in forms:
                by_place.setdefault(form.place, []).append((form, status))
        return any(_is_evidence(results) for results in by_place.values())

    def _foreign_passes(self, tests: Sequence[str]) -> list[str]:
        """Return a sentence for each test that passed while it awaited a foreign exception."""
        passed = {test: f for test in tests for f, s in self._wrong_results(test) if s is TestStatus.PASSED}
        return [
            _PASSES_FOREIGN.format(test)
            for test, forms in passed.items()
            if any(form.place.kind is Kind.FOREIGN for form in forms)
        ]

    def _lacks_failure(self, test: str) -> bool:
        """Return whether ``test`` neither passed nor failed in a wrong form: it was skipped or is missing."""
        return any(status not in (TestStatus.PASSED, *_FAILED) for _, status in self._wrong_results(test))


def _passed(run: TestRun, test: str) -> bool:
    return run.results.get(test) is TestStatus.PASSED


def _is_evidence(results: Sequence[tuple[ActiveForm, TestStatus]]) -> bool:
    """Return whether the results of a test in the wrong forms of one place are evidence of tampering.

    One that passed is enough. At an awaited exception all must have passed, and at least two different forms.
    """
    passed = [form for form, status in results if status is TestStatus.PASSED]
    if results[0][0].place.kind not in AWAITED:
        return bool(passed)
    return len(passed) == len(results) and len({each.form for each in passed}) > 1


def blame_task(verdict: Verdict) -> Verdict:
    """Return ``verdict`` on the task's own solution, with the task as the owner of a failure."""
    if verdict.failure is None:
        return verdict
    return verdict.model_copy(update={"failure": replace(verdict.failure, owner=Owner.TASK)})
