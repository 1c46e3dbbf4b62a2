"""A certificate: what was seen when a task's claims were executed.

``certificates.jsonl``, beside the suite, holds a line a task. A line counts as long as the task has the digest
that it names; what is older is replaced when the task is certified again. A suite is loaded as its certificates
leave it (:mod:`codegym.suite`): tests in quarantine and tasks that were refused are not part of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from codegym.episode import Outcome
from codegym.task import Frozen, Task


class StateSeen(Frozen):
    """A state of a task over its runs: how often its tests ran to their end, how often all that decide passed.

    ``rates`` are the pass rates of those tests that did not do in every run what the state asks of them; the
    others have 1 (0 for a fail-to-pass test where the gold patch is missing).
    """

    runs: int
    resolved: int
    rates: dict[str, float] = Field(default_factory=dict)


class TaskCertificate(Frozen):
    """What was seen of one task.

    ``gold`` and ``empty`` are the grader's own words on the two patches. ``states`` tell of every run by state
    (untouched, bug, gold, empty), the grader's included. ``quarantined`` are the tests whose runs did not agree,
    ``stable`` the number of fail-to-pass tests that failed without and passed with the gold patch every time.
    ``seconds`` is a grade's; ``percentiles`` (p50, p90, max) are those of all runs of its tests alone.
    ``bank`` is the digest of the forms that its grades are drawn from, ``unproven`` are the tests without any.
    ``memory_mb`` is the most that one process held. ``why`` is empty if all is as it should be. Where
    ``settled`` is false the machine could not tell: such a certificate is shown, never kept.
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
    states: dict[str, StateSeen] = Field(default_factory=dict)
    percentiles: dict[str, float] = Field(default_factory=dict)
    memory_mb: float | None = None
    backend: str = ""
    repeats: int = 0
    versions: dict[str, str] = Field(default_factory=dict)
    bank: str = ""
    unproven: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the task should not be used at all; one that only has tests in quarantine may be."""
        return bool(self.why) and not (self.flaky and self.stable)


def without_tests(task: Task, quarantined: Iterable[str]) -> Task:
    """Return ``task`` without the tests in quarantine, which its metadata names."""
    aside = {*quarantined}
    fields = ("fail_to_pass", "pass_to_pass", "visible")
    tests = {name: tuple(test for test in getattr(task.tests, name) if test not in aside) for name in fields}
    fields_of = task.model_dump()
    fields_of["tests"] |= tests
    fields_of["metadata"] |= {"quarantined": sorted(aside)}
    return Task.model_validate(fields_of)
