"""The result of a test run, the same for every framework."""

from __future__ import annotations

from pydantic import Field

from codegym.episode import TestStatus
from codegym.task import Frozen


class TestRun(Frozen):
    """The result of running a task's tests once.

    ``results`` maps test ids to observed results; a requested test without an observed result is not in it.
    ``complete`` is true if the framework itself reported an orderly end; otherwise a passed test must not count
    for a reward. ``output`` is the readable output, cut to a few kB. ``failures`` maps failed test ids to one or
    two lines about the failure (the assertion, the error). ``started`` is true if a first test began. ``testing``
    is the time in seconds from the first test's start to the last one's end, if known; it is not saved.
    ``tampering`` lists evidence that the tested code interfered with the run, one sentence each. ``cached`` is
    true if the result comes from the cache.
    """

    __test__ = False

    results: dict[str, TestStatus]
    complete: bool
    started: bool = True
    output: str = ""
    failures: dict[str, str] = Field(default_factory=dict)
    exit_code: int = 0
    timed_out: bool = False
    oom: bool = False
    seconds: float = 0.0
    testing: float = Field(default=0.0, exclude=True)
    tampering: tuple[str, ...] = ()
    cached: bool = False

    def joined(self, other: TestRun) -> TestRun:
        """Return this run with the results of ``other`` tests added."""
        added = {"results": self.results | other.results, "failures": self.failures | other.failures}
        return self.model_copy(update=added)

    def passed(self, ids: tuple[str, ...]) -> bool:
        """Return whether the run is complete and every one of ``ids`` was observed to pass."""
        return self.complete and all(self.results.get(i) is TestStatus.PASSED for i in ids)
