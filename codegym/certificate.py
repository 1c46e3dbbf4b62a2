"""A certificate: the observed results of running a task's tests with and without its solution.

``certificates.jsonl``, beside the suite, has one line per task. A line is valid while the task has the digest that
the line names; certifying the task again replaces it. When a suite is loaded (:mod:`codegym.suite`), refused tasks
and tests in quarantine are left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from codegym.episode import Outcome
from codegym.task import Frozen, Task


class StateResult(Frozen):
    """The runs of a task's tests in one state of its repository.

    ``runs`` counts complete runs, ``resolved`` those in which all deciding tests passed. ``rates`` maps a test to
    its pass rate if it did not give the expected result in every run. The other tests have rate 1, or rate 0 if
    they are fail-to-pass tests and the state does not include the gold patch.
    """

    runs: int
    resolved: int
    rates: dict[str, float] = Field(default_factory=dict)


class TaskCertificate(Frozen):
    """The certificate of one task.

    ``gold`` and ``empty`` are the grader's outcomes for the gold patch and for an empty one. ``states`` maps each
    state (untouched, bug, gold, empty) to its runs, the grader's included. ``quarantined`` are the tests whose
    runs disagreed; ``stable`` counts the fail-to-pass tests that always failed without the gold patch and always
    passed with it. ``seconds`` is the duration of a grade; ``percentiles`` (p50, p90, max) are durations of its
    test runs. ``bank`` is the digest of the forms that grades draw from; ``unproven`` are the tests without a
    form. ``memoriser`` is the outcome of a cheat that knows what the visible tests call (``None``: not played).
    ``memory_mb`` is the peak memory of one process. ``why`` gives the reasons against the task; empty if
    there are none. ``settled`` is false if infrastructure failed: such a certificate is printed, never saved.
    """

    task: str
    digest: str
    gold: Outcome
    empty: Outcome
    flaky: bool
    seconds: float
    why: str = ""
    settled: bool = True
    quarantined: tuple[str, ...] = ()
    stable: int = 0
    states: dict[str, StateResult] = Field(default_factory=dict)
    percentiles: dict[str, float] = Field(default_factory=dict)
    memory_mb: float | None = None
    backend: str = ""
    repeats: int = 0
    versions: dict[str, str] = Field(default_factory=dict)
    bank: str = ""
    unproven: tuple[str, ...] = ()
    memoriser: Outcome | None = None

    @property
    def refused(self) -> bool:
        """Whether the task is excluded; a task that can be used without its tests in quarantine is not."""
        return bool(self.why) and (self.memoriser is Outcome.RESOLVED or not (self.flaky and self.stable))


def without_tests(task: Task, quarantined: Iterable[str]) -> Task:
    """Return ``task`` without the tests ``quarantined``; its metadata then lists them."""
    removed = {*quarantined}
    fields = ("fail_to_pass", "pass_to_pass", "visible")
    tests = {name: tuple(test for test in getattr(task.tests, name) if test not in removed) for name in fields}
    fields_of = task.model_dump()
    fields_of["tests"] |= tests
    fields_of["metadata"] |= {"quarantined": sorted(removed)}
    return Task.model_validate(fields_of)
