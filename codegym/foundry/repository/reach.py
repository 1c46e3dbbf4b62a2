"""Which tests pass on an untouched package, and which of its lines each of them reaches.

Measured by coverage.py in the box, with a context for each test; its data file is read here, from outside. Test
files are run some at a time, more from time to time, so that those that hang, crash or take too long cost the
others little.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import WORKDIR, Sandbox
from codegym.task import TestPlan

_SECONDS = 600.0
_MOST_TESTS = 40
_OTHERS = 5
_MEASURED = "-p pytest_cov.plugin --cov-config=/dev/null --cov-context=test --cov-report="
"""The package's own settings for coverage are set aside: branches would be kept in another table."""
_QUERY = """
    select file.path, context.context, line_bits.numbits from line_bits
    join file on file.id = line_bits.file_id join context on context.id = line_bits.context_id
"""


@dataclass(frozen=True)
class Reach:
    """The tests that pass, in order, and for each source file and line those of them that reach it.

    ``left_out`` are test files that could not be measured, or not in time; ``output`` is what the last run said.
    """

    tests: tuple[str, ...]
    lines: dict[str, dict[int, frozenset[str]]]
    left_out: tuple[str, ...] = ()
    output: str = ""

    def of(self, path: str, first: int, last: int) -> frozenset[str]:
        """Return the tests that reach any line from ``first`` to ``last``."""
        by_line = self.lines.get(path, {})
        return frozenset().union(*(by_line.get(line, ()) for line in range(first, last + 1)))

    def noticing(self, path: str, line: int, first: int, last: int) -> tuple[str, ...]:
        """Return some tests that could notice a slip in ``line``, a few others of their files last, as a guard
        against clumsy repairs; none if no test reaches the function (``first`` to ``last``).
        """
        chosen = self._near(path, line, first, last)
        files = {_file(i) for i in chosen}
        others = [i for i in self.tests if _file(i) in files and i not in chosen]
        return (*chosen, *_spread(others, _OTHERS))

    def _near(self, path: str, line: int, first: int, last: int) -> tuple[str, ...]:
        """Return tests that reach ``line`` or, after those, its function.

        Tests of the two files that reach it most come first, so that a run imports little. The choice
        depends on nothing but the measurement.
        """
        exact = self.of(path, line, line) or self.of(path, first + 1, last)
        files = sorted({_file(i) for i in exact}, key=lambda f: (-sum(_file(i) == f for i in exact), f))
        around = self.of(path, first + 1, last) - exact
        exact_ids = _spread([i for i in self.tests if i in exact and _file(i) in files[:2]], _MOST_TESTS)
        around_ids = [i for i in self.tests if i in around and _file(i) in files[:2]]
        return (*exact_ids, *_spread(around_ids, min(_MOST_TESTS - len(exact_ids), 8)))


def measure(
    box: Sandbox, plan: TestPlan, tests: Sequence[str], sources: Sequence[str], *, seconds: float = _SECONDS
) -> Reach:
    """Run the test files ``tests`` as ``plan`` says, with ``sources`` under coverage, for about so many seconds.

    A test file that does not come to an orderly end in time is left out; of one that is merely slow, the tests
    that come first are measured.
    """
    folders = sorted({path.rpartition("/")[0] or "." for path in sources})
    options = " ".join([plan.command, _MEASURED, *(f"--cov={folder}" for folder in folders)])
    measuring = _Measuring(box, plan, options, time.monotonic() + seconds)
    measuring.all(tests)
    return measuring.reach()


@dataclass
class _Measuring:
    """One project under measurement until ``deadline`` (monotonic)."""

    box: Sandbox
    plan: TestPlan
    options: str
    deadline: float
    passed: set[str] = field(default_factory=set)
    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    output: str = ""

    def all(self, tests: Sequence[str]) -> None:
        """Measure test files, at first one, then twice as many as before, if that seems to take no third of the
        time. Several that do not end in order together are divided; one that is slow waits for all others.
        """
        waiting, slow, size = deque(tests), set[str](), 1
        while waiting and (room := self.deadline - time.monotonic()) > 1:
            chosen = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            others = any(path not in slow for path in waiting)
            run = self._run(chosen, room / (3 if others else 2) if len(tests) > 1 else room * 0.6)
            if run.timed_out and others and len(chosen) == 1:
                slow.update(chosen)
                waiting += chosen
            elif run.complete:
                spent = max(room - (self.deadline - time.monotonic()), 0.01)
                size = max(1, min(2 * len(chosen), int(len(chosen) * room / 3 / spent)))
            elif len(chosen) > 1:
                waiting.extendleft(reversed(chosen))
                size = len(chosen) // 2
            else:
                self._some(chosen[0], run)
        self.left_out += waiting

    def _some(self, path: str, run: TestRun) -> None:
        """Measure the first half of the tests that passed in a run that took too long, for no longer than that."""
        passed = [test for test, status in run.results.items() if status is TestStatus.PASSED]
        self.left_out.append(path)
        if run.timed_out and passed:
            self._run(passed[: (len(passed) + 1) // 2], max(1.0, self.deadline - time.monotonic()))

    def _run(self, chosen: Sequence[str], seconds: float) -> TestRun:
        ids = [path for path in chosen if "::" in path]
        more = self.options if ids else " ".join([self.options, *chosen])
        plan = self.plan.model_copy(update={"command": more})
        run = run_tests(self.box, plan, ids, timeout=seconds, warm=True)
        self.output = run.output
        if run.complete:
            passed = {i for i, status in run.results.items() if status is TestStatus.PASSED}
            self.passed |= passed
            self._note(passed)
        return run

    def _note(self, tests: set[str]) -> None:
        try:
            database = self.box.read(".coverage")
        except FileNotFoundError:  # where no source was reached
            return
        for path, by_line in _lines(database, tests).items():
            for line, reached in by_line.items():
                self.lines.setdefault(path, {}).setdefault(line, set()).update(reached)

    def reach(self) -> Reach:
        """Return what was measured."""
        lines = {path: {n: frozenset(ids) for n, ids in by_line.items()} for path, by_line in self.lines.items()}
        return Reach(tuple(sorted(self.passed)), lines, tuple(self.left_out), self.output)


def only(reach: Reach, steady: set[str]) -> Reach:
    """Return ``reach`` without the tests that are not among ``steady``."""
    if steady.issuperset(reach.tests):
        return reach
    lines = {
        path: {line: tests & steady for line, tests in by_line.items()} for path, by_line in reach.lines.items()
    }
    return replace(reach, tests=tuple(test for test in reach.tests if test in steady), lines=lines)


def _lines(database: bytes, tests: set[str]) -> dict[str, dict[int, set[str]]]:
    found: dict[str, dict[int, set[str]]] = {}
    with tempfile.NamedTemporaryFile(suffix=".coverage") as file:
        file.write(database)
        file.flush()
        connection = sqlite3.connect(file.name)
        try:
            rows = list(connection.execute(_QUERY))
        finally:
            connection.close()
    for path, context, bits in rows:
        test, _, phase = context.rpartition("|")
        if test in tests and phase == "run":
            by_line = found.setdefault(path.removeprefix(WORKDIR + "/"), {})
            for line in _numbers(bits):
                by_line.setdefault(line, set()).add(test)
    return found


def _numbers(bits: bytes) -> list[int]:
    """Decode coverage.py's set of line numbers: a bit a line, lowest first."""
    return [8 * i + bit for i, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1]


def _file(test: str) -> str:
    return test.partition("::")[0]


def _spread(ids: list[str], most: int) -> list[str]:
    if len(ids) <= most:
        return ids
    return [i for _, i in sorted(sorted((digest_json(i), i) for i in ids)[: max(most, 0)], key=lambda x: x[1])]
