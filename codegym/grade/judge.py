"""From the answered sheets of an exam to a verdict.

A test passes if it passed in every right form and was seen to fail in every wrong one. One that passes in both is
not answered by the code that it tests: that is evidence of tampering. Where a test waits for an exception this
takes several unrelated exceptions that all "are raised", since a right solution may raise one of two classes.

A test in a wrong form stops half-way and may leave something behind: a registered name, a counter, an open pool.
A right solution that keeps such things may then fail the tests that follow, though gold does not; and one that
warns once fails a test that is run without the one before it. So an exam in which something speaks against the
code only there is *disturbed*, and proves nothing. It is followed by *calm* sheets: one of all tests in which all
are right, and some in which one place is wrong, where all that comes before it must pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace

from codegym.episode import Outcome, TestStatus, Verdict
from codegym.failure import Failure, Owner
from codegym.grade.exam import Active, Sheet
from codegym.grade.form.bank import AWAITED, Bank, Kind, Place
from codegym.grade.subject import kind_of
from codegym.harness.cache import may_be_kept
from codegym.harness.result import TestRun
from codegym.task import Task

_FAILED = (TestStatus.FAILED, TestStatus.ERROR)
_BELIEVED = "{} passes although what it checks was changed"
_UNSEEN = "{} was not seen to fail, although what it checks was changed"
_ANY = "{} passes although it awaits an exception that does not belong there"
_SHOWN = 4


@dataclass
class Answers:
    """The sheets of an exam that were answered so far, and what follows from them.

    With ``calm`` only undisturbed results count. ``spent`` are the seconds of runs before these.
    """

    task: Task
    bank: Bank
    calm: bool = False
    spent: float = 0.0
    runs: list[tuple[Sheet, TestRun]] = field(default_factory=list)

    def add(self, sheet: Sheet, run: TestRun) -> None:
        """Add a sheet and its run; what gold was accused of as well accuses nobody."""
        fair = tuple(each for each in run.tampering if each not in self.bank.usual)
        self.runs.append((sheet, run.model_copy(update={"tampering": fair})))

    def settled(self) -> bool:
        """Return whether no further sheet can change the outcome or the status of a test.

        As long as a fail-to-pass test passes, its word is examined, whatever became of the others.
        """
        if any(run.tampering or run.timed_out or run.oom for _, run in self.runs):
            return True
        seen = all(self._rights(test) for test in self.task.tests.deciding)
        return seen and all(self.status(test) is not TestStatus.PASSED for test in self.task.tests.fail_to_pass)

    def disturbed(self) -> bool:
        """Return whether all that speaks against the code may be due to wrong forms of other tests."""
        if any(run.tampering for _, run in self.runs):
            return False
        genuine, doubtful = False, False
        for sheet, run in self.runs:
            failing = {test for test in sheet.ids if test not in sheet.wrong and not _passed(run, test)}
            if failing or kind_of(run) is not None:
                mixed = bool(sheet.wrong) or len(sheet.ids) < len(self.task.tests.deciding)
                doubtful = doubtful or mixed
                genuine = genuine or not mixed or not failing.isdisjoint(self._undisturbed(sheet, run))
        accused = {test for test in self.task.tests.deciding if self._believed(test)}
        return not self._surely_believed(accused) if accused else doubtful and not genuine

    def _surely_believed(self, accused: Set[str]) -> bool:
        wrongs = ((accused & sheet.wrong.keys() & self._undisturbed(sheet, run), run) for sheet, run in self.runs)
        return any(_passed(run, test) for tests, run in wrongs for test in tests)

    @property
    def seconds(self) -> float:
        """What all runs took."""
        return self.spent + sum(run.seconds for _, run in self.runs)

    def suspects(self) -> list[Active]:
        """Return the forms with which tests passed that must fail."""
        accused = [test for test in self.task.tests.deciding if self._believed(test)]
        wrongs = [wrong for test in accused for wrong in self._wrongs(test)]
        return list(dict.fromkeys(a for actives, status in wrongs if status is TestStatus.PASSED for a in actives))

    def status(self, test: str) -> TestStatus:
        """Return the worst result of a test in its right forms; ``MISSING`` if it was not run in one."""
        results = self._rights(test) or [TestStatus.MISSING]
        return next((status for status in results if status is not TestStatus.PASSED), TestStatus.PASSED)

    def verdict(self) -> Verdict:
        """Return the verdict that the answers amount to."""
        tests = self.task.tests
        outcome, detail = self._outcome()
        statuses = {test: self.status(test) for test in self.task.tests.deciding}
        if outcome is Outcome.TAMPERED:
            statuses = dict.fromkeys(statuses, TestStatus.MISSING)
        elif outcome is not Outcome.RESOLVED:
            doubted = {test for test in statuses if self._unseen(test) or self._foreign([test])}
            if any(not run.complete for _, run in self.runs):
                doubted |= {test for test in self.bank.examinable.intersection(statuses) if not self._wrongs(test)}
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
        """Return what failed in the first run that came to no orderly end, as the agent's fault."""
        kinds = (kind_of(run) for _, run in self.runs)
        kind = next((kind for kind in kinds if kind is not None), None)
        return None if kind is None else Failure(kind, Owner.AGENT)

    def may_be_kept(self) -> bool:
        """Return whether the verdict depends on the tree alone; evidence once seen is kept in any case."""
        return self._outcome()[0] is Outcome.TAMPERED or all(may_be_kept(run) for _, run in self.runs)

    def _outcome(self) -> tuple[Outcome, str]:
        ids, runs = self.task.tests.deciding, [run for sheet, run in self.runs if not (self.calm and sheet.wrong)]
        evidence = [each for _, run in self.runs for each in run.tampering]
        evidence += [_BELIEVED.format(test) for test in ids if self._believed(test)]
        if evidence:
            more = f"; and {len(evidence) - _SHOWN} more" if len(evidence) > _SHOWN else ""
            return Outcome.TAMPERED, "; ".join(evidence[:_SHOWN]) + more
        if any(run.timed_out for run in runs):
            return Outcome.TIMEOUT, f"the tests did not end within {self.task.limits.grade_seconds:g} s"
        if any(run.oom for run in runs):
            return Outcome.UNRESOLVED, f"the tests used more than {self.task.limits.memory_mb} MB of memory"
        if not self.task.tests.fail_to_pass:
            return Outcome.UNRESOLVED, "the task names no test that decides it"
        return self._weighed(ids, runs)

    def _weighed(self, ids: Sequence[str], runs: Sequence[TestRun]) -> tuple[Outcome, str]:
        bad = [test for test in ids if self.status(test) is not TestStatus.PASSED]
        cut_short = next((run for run in runs if not run.complete), None)
        if cut_short is not None:
            return Outcome.UNRESOLVED, f"the tests did not run to their end (exit code {cut_short.exit_code})"
        if bad:
            why = self._why(bad[0]) or str(self.status(bad[0]))
            return (
                Outcome.UNRESOLVED,
                f"{len(bad)} of {len(ids)} tests did not pass: {bad[0]}: {why.splitlines()[0]}",
            )
        if doubts := [*(_UNSEEN.format(test) for test in ids if self._unseen(test)), *self._foreign(ids)]:
            return Outcome.UNRESOLVED, doubts[0]
        unproven = len(self.bank.unproven(ids))
        note = f", {unproven} of them unproven" if unproven else ""
        return Outcome.RESOLVED, f"all {len(ids)} tests passed{note}"

    def _why(self, test: str) -> str:
        runs = (run for sheet, run in self.runs if test in sheet.ids and test not in sheet.wrong)
        return next((run.failures[test] for run in runs if test in run.failures), "")

    def _rights(self, test: str) -> list[TestStatus]:
        runs = [run for sheet, run in self._of(test) if test not in sheet.wrong]
        return [run.results.get(test, TestStatus.MISSING) for run in runs]

    def _of(self, test: str) -> Iterator[tuple[Sheet, TestRun]]:
        """Yield the runs whose result of a test counts."""
        for sheet, run in self.runs:
            if test in sheet.ids and (not self.calm or test in self._undisturbed(sheet, run)):
                yield sheet, run

    def _undisturbed(self, sheet: Sheet, run: TestRun) -> frozenset[str]:
        """Return the tests of a whole sheet that ran before any wrong one did, and the first of those."""
        if len(sheet.ids) < len(self.task.tests.deciding):
            return frozenset()
        order = list(run.results)
        wrong = [number for number, test in enumerate(order) if test in sheet.wrong]
        if not sheet.wrong or not order:
            return frozenset(sheet.ids)
        return frozenset(order[: wrong[0] + 1] if wrong else order)

    def _wrongs(self, test: str) -> list[tuple[tuple[Active, ...], TestStatus]]:
        asked = [(sheet.wrong[test], run) for sheet, run in self._of(test) if test in sheet.wrong]
        return [(actives, run.results.get(test, TestStatus.MISSING)) for actives, run in asked]

    def _believed(self, test: str) -> bool:
        """Return whether a test passed in its right forms and in a wrong one as well.

        At a check that awaits an exception it has to pass with every other one, and with two at least.
        """
        if self.status(test) is not TestStatus.PASSED:
            return False
        by_place: dict[Place, list[tuple[Active, TestStatus]]] = {}
        for actives, status in self._wrongs(test):
            for active in actives:
                by_place.setdefault(active.place, []).append((active, status))
        return any(_passes_all(seen) for seen in by_place.values())

    def _foreign(self, tests: Sequence[str]) -> list[str]:
        """Return a sentence for each test that passed where it awaits a foreign exception."""
        passed = {test: a for test in tests for a, s in self._wrongs(test) if s is TestStatus.PASSED}
        return [_ANY.format(t) for t, a in passed.items() if any(each.place.kind is Kind.FOREIGN for each in a)]

    def _unseen(self, test: str) -> bool:
        return any(status not in (TestStatus.PASSED, *_FAILED) for _, status in self._wrongs(test))


def _passed(run: TestRun, test: str) -> bool:
    return run.results.get(test) is TestStatus.PASSED


def _passes_all(seen: Sequence[tuple[Active, TestStatus]]) -> bool:
    """Return whether the wrong forms of one place passed: some of them, or of exceptions all and two at least."""
    passed = [active for active, status in seen if status is TestStatus.PASSED]
    if seen[0][0].place.kind not in AWAITED:
        return bool(passed)
    return len(passed) == len(seen) and len({active.form for active in passed}) > 1


def blamed_on_task(verdict: Verdict) -> Verdict:
    """Return ``verdict`` on the task's own solution: what failed is the task's fault."""
    if verdict.failure is None:
        return verdict
    return verdict.model_copy(update={"failure": replace(verdict.failure, owner=Owner.TASK)})
