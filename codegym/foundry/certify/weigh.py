"""What the runs of a task amount to: a certificate, or the reason why it gets none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from codegym.certificate import StateResult, TaskCertificate
from codegym.episode import Outcome, TestStatus, Verdict
from codegym.foundry.certify.repeat import Repeated
from codegym.foundry.certify.workspace import State, Workspace
from codegym.grade.form.bank import Bank
from codegym.task import Task

_PASSED = TestStatus.PASSED
_NAMED = 5


@dataclass
class Evidence:
    """What was seen of one task: the grader's words, and by workspace, for each run, the tests that passed.

    ``spaces`` are the workspaces of the states; there are none where a patch does not fit. ``trouble`` is why the
    machine could not tell. ``bank`` are the forms by which the patches were graded.
    """

    verdicts: dict[State, Verdict] = field(default_factory=dict)
    spaces: Mapping[State, Workspace] = field(default_factory=dict)
    trouble: str = ""
    bank: Bank | None = None
    runs: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)

    def hold(self, spaces: Mapping[State, Workspace]) -> None:
        """Name the states' workspaces, and count the grader's runs in them."""
        self.spaces = spaces
        for state, verdict in self.verdicts.items():
            results = {**verdict.fail_to_pass, **verdict.pass_to_pass}
            passed = frozenset(test for test, status in results.items() if status is _PASSED)
            self.runs.setdefault(spaces[state].key, []).append(passed)
            self.seconds.append(verdict.seconds)

    def add_run(self, key: str, task: Task, repeated: Repeated, *, shared: bool) -> None:
        """Count a repeated run in workspace ``key``; one that is ``shared`` says nothing about seconds."""
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
    """Return the certificate that the evidence amounts to; its ``why`` is empty if the task is sound."""
    quarantined = _unsteady(task, evidence)
    stable = _stable(task, evidence)
    return TaskCertificate(
        task=task.id,
        digest=task.digest,
        gold=evidence.verdicts[State.GOLD].outcome,
        empty=evidence.verdicts[State.EMPTY].outcome,
        flaky=bool(quarantined),
        seconds=round(evidence.verdicts[State.GOLD].seconds, 3),
        why=_why(evidence, quarantined, stable),
        settled=not evidence.trouble,
        quarantined=quarantined,
        stable=stable,
        states={state: _seen(task, state, evidence) for state in State if evidence.of(state)},
        percentiles=_percentiles(evidence.seconds),
        memory_mb=max(evidence.memory_mb, default=None),
        bank=evidence.bank.digest if evidence.bank else "",
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
    with_gold, without = evidence.of(State.GOLD), evidence.of(State.EMPTY)
    return sum(
        bool(with_gold and without)
        and all(test in passed for passed in with_gold)
        and not any(test in passed for passed in without)
        for test in task.tests.fail_to_pass
    )


def _wrong(evidence: Evidence) -> str:
    """Return what is wrong with the grader's words on the two patches."""
    if evidence.trouble:
        return f"the machine could not tell: {evidence.trouble}"
    gold, empty = evidence.verdicts[State.GOLD], evidence.verdicts[State.EMPTY]
    if gold.outcome is not Outcome.RESOLVED:
        return f"the gold patch does not resolve it: {gold.outcome}: {gold.detail}"
    if empty.outcome is not Outcome.UNRESOLVED:
        return f"the empty patch gives {empty.outcome}: {empty.detail}"
    return ""


def _why(evidence: Evidence, quarantined: tuple[str, ...], stable: int) -> str:
    if why := _wrong(evidence):
        return why
    if quarantined:
        more = f" and {len(quarantined) - _NAMED} more" if len(quarantined) > _NAMED else ""
        left = "no fail-to-pass test is stable" if not stable else f"{stable} fail-to-pass tests are stable"
        return f"repeated runs do not agree on {', '.join(quarantined[:_NAMED])}{more}; {left}"
    if not stable:
        return "no test fails every time without the gold patch and passes every time with it"
    return ""


def _seen(task: Task, state: State, evidence: Evidence) -> StateResult:
    runs = evidence.of(state)
    key = {known: space.key for known, space in evidence.spaces.items()}
    unsolved = key[state] in (key[State.BUG], key[State.EMPTY])
    failing = {*task.tests.fail_to_pass} if unsolved else set()
    ids = task.tests.deciding
    rates = {test: sum(test in passed for passed in runs) / len(runs) for test in ids}
    odd = {test: round(rate, 3) for test, rate in rates.items() if rate != (test not in failing)}
    return StateResult(runs=len(runs), resolved=sum(passed.issuperset(ids) for passed in runs), rates=odd)


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ranked = sorted(seconds)
    if not ranked:
        return {}
    at = {"p50": 0.5, "p90": 0.9, "max": 1.0}
    return {name: round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 3) for name, share in at.items()}
