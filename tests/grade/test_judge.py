"""Tests the verdict that follows from given results of right and wrong forms, without boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from codegym.episode import Outcome, TestStatus
from codegym.failure import Failure, FailureKind, Owner
from codegym.grade.exam import ActiveForm, Sheet
from codegym.grade.form.bank import Bank, Kind, Place
from codegym.grade.judge import Answers, blame_task
from codegym.harness.result import TestRun
from codegym.task import FolderSource, Task, TestPlan
from tests.grade.banks import bank_of_places, names, place

A, B = names(2)
SOURCE = FolderSource(path="r", digest="0" * 64)
P, F, E, S, M = TestStatus.PASSED, TestStatus.FAILED, TestStatus.ERROR, TestStatus.SKIPPED, TestStatus.MISSING
V, O, X, Y = Kind.VALUE, Kind.OPERATOR, Kind.EXCEPTION, Kind.FOREIGN  # noqa: E741


def task(core: Sequence[str] = (A,), rest: Sequence[str] = (B,)) -> Task:
    plan = TestPlan(framework="pytest", fail_to_pass=tuple(core), pass_to_pass=tuple(rest))
    return Task(id="t", instruction="Repair it.", image="python", source=SOURCE, tests=plan)


def places(kind: Kind) -> list[Place]:
    return [place(n, *([[n]] * 4), kind=kind) for n in range(2)]


def run_of(results: Mapping[str, TestStatus], **fields: object) -> TestRun:
    seen = {test: status for test, status in results.items() if status is not M}
    return TestRun(results=seen, **({"complete": True, "seconds": 1.0} | fields))


def answers(
    right: Mapping[str, TestStatus], *wrong: Mapping[str, tuple[Kind, TestStatus]], bank: Bank | None = None
) -> Answers:
    """Return answers to a right sheet, and to a sheet with the next form of a place for each of ``wrong``."""
    made = Answers(task(), bank or bank_of_places(2, [*places(V), *places(O), *places(X), *places(Y)]))
    made.add(Sheet({}, (A, B)), run_of(right))
    for turn, asked in enumerate(wrong):
        forms = {
            test: ActiveForm(places(kind)[n], places(kind)[n].forms[turn])
            for n, test in enumerate((A, B))
            for kind in [asked.get(test, (None,))[0]]
            if kind is not None
        }
        results = {A: P, B: P} | {test: status for test, (_, status) in asked.items()}
        active = {test: (form,) for test, form in forms.items()}
        made.add(Sheet({}, (A, B), tuple(forms.values()), active), run_of(results))
    return made


GOOD = {A: P, B: P}
LATE = {"complete": False, "timed_out": True}
BELIEVED = " passes although what it checks was changed"
FOREIGN = " passes although it awaits an exception that does not belong there"
UNSEEN = " was not seen to fail, although what it checks was changed"


@pytest.mark.parametrize(("right", "wrong", "outcome", "statuses", "detail"), [
    (GOOD, [{A: (V, F)}, {B: (O, E)}], Outcome.RESOLVED, (P, P), "all 2 tests passed"),
    (GOOD, [{A: (X, F)}, {A: (X, E)}], Outcome.RESOLVED, (P, P), "all 2 tests passed"),
    ({A: F, B: P}, [{A: (V, F)}], Outcome.UNRESOLVED, (F, P), f"1 of 2 tests did not pass: {A}: failed"),
    ({A: F, B: P}, [{A: (V, P)}], Outcome.UNRESOLVED, (F, P), f"1 of 2 tests did not pass: {A}: failed"),
    ({A: P, B: S}, [{A: (V, F)}], Outcome.UNRESOLVED, (P, S), f"1 of 2 tests did not pass: {B}: skipped"),
    ({A: M, B: E}, [], Outcome.UNRESOLVED, (M, E), f"2 of 2 tests did not pass: {A}: missing"),
    (GOOD, [{A: (V, P)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
    (GOOD, [{A: (O, P)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
    (GOOD, [{B: (V, P)}], Outcome.TAMPERED, (M, M), B + BELIEVED),
    ({A: P, B: F}, [{A: (V, P)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
    (GOOD, [{A: (V, F)}, {A: (V, P)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
    (GOOD, [{A: (V, M)}], Outcome.UNRESOLVED, (F, P), A + UNSEEN),
    (GOOD, [{A: (V, S)}], Outcome.UNRESOLVED, (F, P), A + UNSEEN),
    (GOOD, [{A: (X, P)}], Outcome.RESOLVED, (P, P), "all 2 tests passed"),
    (GOOD, [{A: (X, P)}, {A: (X, P)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
    (GOOD, [{A: (X, P)}, {A: (X, F)}], Outcome.RESOLVED, (P, P), "all 2 tests passed"),
    (GOOD, [{A: (X, P)}, {A: (V, F)}], Outcome.RESOLVED, (P, P), "all 2 tests passed"),
    (GOOD, [{A: (X, F)}, {A: (V, P)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
    (GOOD, [{A: (X, P)}, {A: (X, P)}, {A: (V, F)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
    (GOOD, [{A: (Y, P)}, {A: (Y, F)}], Outcome.UNRESOLVED, (F, P), A + FOREIGN),
    (GOOD, [{A: (Y, P)}, {A: (Y, P)}], Outcome.TAMPERED, (M, M), A + BELIEVED),
])  # fmt: skip
def test_what_results_amount_to(
    right: dict[str, TestStatus],
    wrong: list[dict[str, tuple[Kind, TestStatus]]],
    outcome: Outcome,
    statuses: tuple[TestStatus, TestStatus],
    detail: str,
) -> None:
    verdict = answers(right, *wrong).verdict()
    assert verdict.outcome is outcome
    assert (verdict.fail_to_pass, verdict.pass_to_pass) == ({A: statuses[0]}, {B: statuses[1]})
    assert verdict.detail == detail
    assert verdict.seconds == 1.0 + len(wrong)


def test_the_worst_of_several_right_forms_counts() -> None:
    made = answers(GOOD, {A: (V, F)})
    made.add(Sheet({}, (A, B)), run_of({A: P, B: F}, failures={B: "assert 1 == 2\nmore"}))
    verdict = made.verdict()
    assert (verdict.outcome, verdict.pass_to_pass[B]) == (Outcome.UNRESOLVED, F)
    assert verdict.detail == f"1 of 2 tests did not pass: {B}: assert 1 == 2"


@pytest.mark.parametrize(("fields", "outcome", "kind", "detail"), [
    ({"complete": False, "exit_code": 3}, Outcome.UNRESOLVED, FailureKind.UNREADABLE, "(exit code 3)"),
    ({"complete": False, "started": False}, Outcome.UNRESOLVED, FailureKind.NOT_STARTED, "not run to their end"),
    (LATE, Outcome.TIMEOUT, FailureKind.TEST_TIMEOUT, "within"),
    (LATE | {"started": False}, Outcome.TIMEOUT, FailureKind.SETUP_TIMEOUT, "within"),
    ({"complete": False, "oom": True}, Outcome.UNRESOLVED, FailureKind.MEMORY, "MB of memory"),
    ({"failures": {A: "OSError: No space left on device"}}, Outcome.RESOLVED, FailureKind.DISK, "all 2"),
    ({"tampering": ("it did",)}, Outcome.TAMPERED, None, "it did"),
    (LATE | {"tampering": ("it did",)}, Outcome.TAMPERED, None, "it did"),
])  # fmt: skip
@pytest.mark.parametrize("where", ["a right sheet", "a wrong one"])
def test_a_run_that_went_wrong(
    fields: dict[str, object], outcome: Outcome, kind: FailureKind | None, detail: str, where: str
) -> None:
    made = answers(GOOD, {A: (V, F)})
    wrong = {A: (ActiveForm(places(V)[0], places(V)[0].forms[0]),)} if where == "a wrong one" else {}
    made.add(Sheet({}, (A, B), (), wrong), run_of({A: F if wrong else P, B: P}, **fields))
    verdict = made.verdict()
    assert verdict.outcome is outcome
    assert detail in verdict.detail
    assert verdict.failure == (None if kind is None else Failure(kind, Owner.AGENT))
    assert blame_task(verdict).failure == (None if kind is None else Failure(kind, Owner.TASK))
    assert made.may_be_kept() == (outcome in (Outcome.TAMPERED, Outcome.RESOLVED))


def test_what_a_cheat_passed_is_not_believed() -> None:
    made = Answers(task(), bank_of_places(2, []))
    made.add(Sheet({}, (A, B)), run_of(GOOD, tampering=("it did",)))
    verdict = made.verdict()
    assert verdict.outcome is Outcome.TAMPERED
    assert verdict.fail_to_pass == {A: M}
    assert verdict.pass_to_pass == {B: M}


def test_what_gold_is_accused_of_accuses_nobody() -> None:
    made = answers(GOOD, bank=bank_of_places(2, []).model_copy(update={"usual": ("1 forged packets",)}))
    made.add(Sheet({}, (A, B)), run_of(GOOD, tampering=("1 forged packets",)))
    assert made.verdict().outcome is Outcome.RESOLVED
    made.add(Sheet({}, (A, B)), run_of(GOOD, tampering=("2 forged packets",)))
    assert made.verdict().outcome is Outcome.TAMPERED


def test_unproven_tests_are_counted_and_said() -> None:
    verdict = answers(GOOD, bank=bank_of_places(2, places(V)[:1])).verdict()
    assert (verdict.outcome, verdict.unproven) == (Outcome.RESOLVED, 1)
    assert verdict.detail == "all 2 tests passed, 1 of them unproven"
    assert answers({A: F, B: P}, bank=bank_of_places(2, [])).verdict().unproven == 2
    assert answers(GOOD).verdict().unproven == 0


def test_much_evidence_is_shortened() -> None:
    made = answers(GOOD)
    made.add(Sheet({}, (A, B)), run_of(GOOD, tampering=tuple(f"n{n}" for n in range(7))))
    assert made.verdict().detail == "n0; n1; n2; n3; and 3 more"


def test_a_task_without_a_deciding_test_is_never_resolved() -> None:
    made = Answers(task((), (B,)), bank_of_places(2, []))
    made.add(Sheet({}, (B,)), run_of({B: P}))
    assert made.verdict().outcome is Outcome.UNRESOLVED
    assert Answers(task((), ()), bank_of_places(2, [])).verdict().outcome is Outcome.UNRESOLVED


@pytest.mark.parametrize(("made", "settled"), [
    (answers(GOOD), False),
    (answers({A: F, B: P}), True),
    (answers({A: F, B: M}), True),
    (answers({A: P, B: F}), False),
    (answers({A: F, B: P}, {A: (V, F)}), True),
], ids=["both", "neither", "none seen", "the other", "with more"])  # fmt: skip
def test_when_no_further_sheet_is_needed(made: Answers, settled: bool) -> None:
    assert made.is_settled() is settled


def test_a_test_that_was_asked_in_a_wrong_form_only_settles_nothing() -> None:
    made = Answers(task(), bank_of_places(2, places(V)))
    made.add(Sheet({}, (A, B), (), {A: (ActiveForm(places(V)[0], places(V)[0].forms[0]),)}), run_of({A: F, B: P}))
    assert not made.is_settled()
    assert made.status(A) is M
    for ending in ({"timed_out": True}, {"oom": True}, {"tampering": ("it did",)}):
        made.runs[1:] = [(Sheet({}, (A, B)), run_of(GOOD, **ending))]
        assert made.is_settled()
