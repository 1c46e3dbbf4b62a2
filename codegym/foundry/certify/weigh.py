"""Turns the runs of a task into its certificate, or into the reason why it is refused.

A run without the gold patch that does not end in time is a failure of its tests, like any other: code that loops
for ever is a bug to repair. No test counts as passed in such a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from codegym.certificate import StateResult, TaskCertificate
from codegym.episode import Outcome, TestStatus, Verdict
from codegym.foundry.certify.repeat import RepeatedRun
from codegym.foundry.certify.workspace import State, Workspace
from codegym.grade.form.bank import Bank
from codegym.task import Task

_PASSED = TestStatus.PASSED
MEMORISED = "a patch that only remembers what the visible tests call resolves it"
"""Why a task is refused that the memoriser resolves."""
_NAMED = 5
"""Flaky tests that a refusal names; the others are only counted."""


@dataclass
class Evidence:
    """All that was measured of one task: the grader's verdicts, and the tests that passed in every run.

    ``runs`` are by the key of the workspace. ``spaces`` maps each state to its workspace; it is empty if a patch
    does not fit. ``trouble`` is the failure of the machine that left the task unsettled. ``bank`` are the forms
    that the patches were graded by. ``memoriser`` is the verdict on the patch of a cheat, if there is one
    (:mod:`codegym.foundry.certify.memoriser`).
    """

    verdicts: dict[State, Verdict] = field(default_factory=dict)
    spaces: Mapping[State, Workspace] = field(default_factory=dict)
    trouble: str = ""
    bank: Bank | None = None
    memoriser: Verdict | None = None
    runs: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)

    def add_workspaces(self, spaces: Mapping[State, Workspace]) -> None:
        """Set the workspaces of the states, and add the grader's runs to them."""
        self.spaces = spaces
        for state, verdict in self.verdicts.items():
            results = {} if verdict.outcome is Outcome.TIMEOUT else verdict.fail_to_pass | verdict.pass_to_pass
            passed = frozenset(test for test, status in results.items() if status is _PASSED)
            self.runs.setdefault(spaces[state].key, []).append(passed)
            self.seconds.append(verdict.seconds)

    def add_run(self, key: str, task: Task, repeated: RepeatedRun, *, shared: bool) -> None:
        """Add a repeated run in the workspace ``key``; if other tasks ``shared`` it, its seconds do not count."""
        results = repeated.run.results if repeated.run.complete else {}
        self.runs.setdefault(key, []).append(
            frozenset(i for i in task.tests.deciding if results.get(i) is _PASSED)
        )
        if repeated.memory_mb is not None:
            self.memory_mb.append(repeated.memory_mb)
        if not shared:
            self.seconds.append(repeated.run.seconds)

    def of(self, state: State) -> list[frozenset[str]]:
        """Return the tests that passed in each run of a state."""
        return self.runs.get(self.spaces[state].key, []) if self.spaces else []


def weigh(task: Task, evidence: Evidence) -> TaskCertificate:
    """Return a task's certificate. Its ``why`` is the objection to the task, and empty if there is none."""
    quarantined = _unsteady(task, evidence)
    stable = _stable(task, evidence)
    return TaskCertificate(
        task=task.id,
        digest=task.digest,
        gold=evidence.verdicts[State.GOLD].outcome,
        empty=evidence.verdicts[State.EMPTY].outcome,
        flaky=bool(quarantined),
        seconds=round(evidence.verdicts[State.GOLD].seconds, 3),
        why=_objection(evidence, quarantined, stable),
        settled=not evidence.trouble,
        quarantined=quarantined,
        stable=stable,
        states={state: _state_seen(task, state, evidence) for state in State if evidence.of(state)},
        percentiles=_percentiles(evidence.seconds),
        memory_mb=max(evidence.memory_mb, default=None),
        bank=evidence.bank.digest if evidence.bank else "",
        memoriser=evidence.memoriser.outcome if evidence.memoriser else None,
        unproven=evidence.bank.unproven(task.tests.deciding) if evidence.bank else (),
    )


def _unsteady(task: Task, evidence: Evidence) -> tuple[str, ...]:
    """Return the tests that passed in some runs of a state and not in others."""
    unsteady: set[str] = set()
    for state in State:
        runs = evidence.of(state)
        if runs:
            unsteady |= frozenset().union(*runs) - frozenset.intersection(*runs)
    return tuple(test for test in task.tests.deciding if test in unsteady)


def _stable(task: Task, evidence: Evidence) -> int:
    """Count the fail-to-pass tests that pass in every run with the gold patch and in none without it."""
    with_gold, without = evidence.of(State.GOLD), evidence.of(State.EMPTY)
    return sum(
        bool(with_gold and without)
        and all(test in passed for passed in with_gold)
        and not any(test in passed for passed in without)
        for test in task.tests.fail_to_pass
    )


def _grading_objection(evidence: Evidence) -> str:
    """Return what is wrong with the grader's verdicts on the two patches; empty if nothing is."""
    if evidence.trouble:
        return f"the machine could not tell: {evidence.trouble}"
    gold, empty = evidence.verdicts[State.GOLD], evidence.verdicts[State.EMPTY]
    if gold.outcome is not Outcome.RESOLVED:
        return f"the gold patch does not resolve it: {gold.outcome}: {gold.detail}"
    if empty.outcome not in (Outcome.UNRESOLVED, Outcome.TIMEOUT):
        return f"the empty patch gives {empty.outcome}: {empty.detail}"
    return ""


def _objection(evidence: Evidence, quarantined: tuple[str, ...], stable: int) -> str:
    if objection := _grading_objection(evidence):
        return objection
    if evidence.memoriser is not None and evidence.memoriser.outcome is Outcome.RESOLVED:
        return MEMORISED
    if quarantined:
        more = f" and {len(quarantined) - _NAMED} more" if len(quarantined) > _NAMED else ""
        left = "no fail-to-pass test is stable" if not stable else f"{stable} fail-to-pass tests are stable"
        return f"repeated runs do not agree on {', '.join(quarantined[:_NAMED])}{more}; {left}"
    if not stable:
        return "no test fails every time without the gold patch and passes every time with it"
    return ""


def _state_seen(task: Task, state: State, evidence: Evidence) -> StateResult:
    """Summarise the runs of one state. Rates are listed only for tests that did not do what they should."""
    runs = evidence.of(state)
    key = {other: space.key for other, space in evidence.spaces.items()}
    unsolved = key[state] in (key[State.BUG], key[State.EMPTY])
    failing = {*task.tests.fail_to_pass} if unsolved else set()
    ids = task.tests.deciding
    rates = {test: sum(test in passed for passed in runs) / len(runs) for test in ids}
    unexpected = {test: round(rate, 3) for test, rate in rates.items() if rate != (test not in failing)}
    return StateResult(runs=len(runs), resolved=sum(passed.issuperset(ids) for passed in runs), rates=unexpected)


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ranked = sorted(seconds)
    if not ranked:
        return {}
    at = {"p50": 0.5, "p90": 0.9, "max": 1.0}
    return {name: round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 3) for name, share in at.items()}
