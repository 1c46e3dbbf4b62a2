"""Measures which tests of an unchanged package pass, and which of its lines each of them runs.

coverage.py measures it in the box, with one context per test; its data file is read here, outside of the box. Test
files are run in groups that grow from run to run, so that a file that hangs, crashes or takes too long costs the
others little. Each group's result is recorded when it ends, and a later measurement starts from the recorded ones.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import WORKDIR, Sandbox
from codegym.task import Frozen, TestPlan

_SECONDS = 600.0
"""Seconds that a measurement may take."""
_MOST_TESTS = 40
"""Tests that are run to notice one mutation."""
_AROUND = 8
"""Of these, tests that reach the function and not the line."""
_OTHERS = 5
"""Further tests of the same files, which do not reach the function."""
_MEASURED = "-p pytest_cov.plugin --cov-config=/dev/null --cov-context=test --cov-report="
"""Options that measure. The package's own settings are ignored: with branches, the data are in another table."""
_QUERY = """
    select file.path, context.context, line_bits.numbits from line_bits
    join file on file.id = line_bits.file_id join context on context.id = line_bits.context_id
"""


class Measured(Frozen):
    """The result of one run that ended in order, of the test files ``files``.

    ``passed`` are the tests that pass; ``lines`` has for each source file and line the tests that run it, by their
    number in ``passed``. ``failed`` is how many tests fail in the untouched tree.
    """

    files: tuple[str, ...]
    passed: tuple[str, ...]
    lines: dict[str, dict[int, tuple[int, ...]]]
    failed: int = 0


@dataclass(frozen=True)
class Reach:
    """The tests that pass, in order, and for each source file and line the tests that run that line.

    ``left_out`` are the test files that could not be measured; of these, ``unfinished`` are the ones that did not
    end in time. ``output`` is the last run's. ``failed`` is how many tests fail in the untouched tree.
    """

    tests: tuple[str, ...]
    lines: dict[str, dict[int, frozenset[str]]]
    left_out: tuple[str, ...] = ()
    output: str = ""
    unfinished: tuple[str, ...] = ()
    failed: int = 0

    def of(self, path: str, first: int, last: int) -> frozenset[str]:
        """Return the tests that run any line of the file ``path`` from ``first`` to ``last``."""
        by_line = self.lines.get(path, {})
        return frozenset().union(*(by_line.get(line, ()) for line in range(first, last + 1)))

    def noticing(self, path: str, line: int, first: int, last: int) -> tuple[str, ...]:
        """Return tests that may notice a bug in ``line``, then a few others of their files.

        The others may notice a wrong repair. Returns none if no test runs the function, which goes from line
        ``first`` to ``last``.
        """
        chosen = self._near(path, line, first, last)
        files = {_file(i) for i in chosen}
        others = [i for i in self.tests if _file(i) in files and i not in chosen]
        return (*chosen, *spread(others, _OTHERS))

    def _near(self, path: str, line: int, first: int, last: int) -> tuple[str, ...]:
        """Return tests that run ``line``, then tests that run other lines of its function.

        They are from the two test files that run it most, so that few modules are imported. The choice depends
        on the measurement alone.
        """
        exact = self.of(path, line, line) or self.of(path, first + 1, last)
        files = sorted({_file(i) for i in exact}, key=lambda f: (-sum(_file(i) == f for i in exact), f))
        around = self.of(path, first + 1, last) - exact
        exact_ids = spread([i for i in self.tests if i in exact and _file(i) in files[:2]], _MOST_TESTS)
        around_ids = [i for i in self.tests if i in around and _file(i) in files[:2]]
        return (*exact_ids, *spread(around_ids, min(_MOST_TESTS - len(exact_ids), _AROUND)))


def _keep_nothing(_: Measured) -> None:
    pass


def measure(
    box: Sandbox,
    plan: TestPlan,
    tests: Sequence[str],
    sources: Sequence[str],
    *,
    seconds: float = _SECONDS,
    earlier: Sequence[Measured] = (),
    record: Callable[[Measured], None] = _keep_nothing,
) -> Reach:
    """Run the test files ``tests`` by ``plan``, for about ``seconds``, and measure which ``sources`` they run.

    A test file whose run does not end in order and in time is left out. If it is only slow, its first tests are
    measured. Files in ``earlier`` results are not run again; ``record`` is called with each new result.
    """
    folders = sorted({path.rpartition("/")[0] or "." for path in sources})
    options = " ".join([plan.command, _MEASURED, *(f"--cov={folder}" for folder in folders)])
    measurement = _Measurement(box, plan, options, time.monotonic() + seconds, record)
    for result in earlier:
        measurement.add(result)
    done = {path for result in earlier for path in result.files}
    measurement.measure_files([path for path in tests if path not in done])
    return measurement.reach()


@dataclass
class _Measurement:
    """The measurement of one project, which ends at ``deadline`` (monotonic). ``options`` are pytest's."""

    box: Sandbox
    plan: TestPlan
    options: str
    deadline: float
    record: Callable[[Measured], None]
    passed: set[str] = field(default_factory=set)
    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    failed: int = 0
    left_out: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    output: str = ""

    def measure_files(self, tests: Sequence[str]) -> None:
        """Measure test files: one at first, then up to twice as many as before, within a third of the time left.

        A group whose run does not end in order is divided. A single slow file is measured after all others.
        """
        waiting, slow, size = deque(tests), set[str](), 1
        while waiting and (left := self.deadline - time.monotonic()) > 1:
            chosen = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            others = any(path not in slow for path in waiting)
            run = self._run(chosen, left / (3 if others else 2) if len(tests) > 1 else left * 0.6)
            if run.timed_out and others and len(chosen) == 1:
                slow.update(chosen)
                waiting += chosen
            elif run.complete:
                spent = max(left - (self.deadline - time.monotonic()), 0.01)
                size = max(1, min(2 * len(chosen), int(len(chosen) * left / 3 / spent)))
            elif len(chosen) > 1:
                waiting.extendleft(reversed(chosen))
                size = len(chosen) // 2
            else:
                self._measure_first_half(chosen[0], run)
        self.left_out += waiting
        self.unfinished += waiting

    def _measure_first_half(self, path: str, run: TestRun) -> None:
        """Leave out a test file, except the first half of the tests that passed before its run timed out."""
        passed = [test for test, status in run.results.items() if status is TestStatus.PASSED]
        self.left_out.append(path)
        self.unfinished += [path] if run.timed_out else []
        if run.timed_out and passed:
            self._run(passed[: (len(passed) + 1) // 2], max(1.0, self.deadline - time.monotonic()))

    def _run(self, chosen: Sequence[str], seconds: float) -> TestRun:
        ids = [path for path in chosen if "::" in path]
        more = self.options if ids else " ".join([self.options, *chosen])
        plan = self.plan.model_copy(update={"command": more})
        run = run_tests(self.box, plan, ids, timeout=seconds, warm=True)
        self.output = run.output
        if run.complete:
            passed = sorted(i for i, status in run.results.items() if status is TestStatus.PASSED)
            result = Measured(
                files=tuple(chosen),
                passed=tuple(passed),
                lines=self._numbered_lines(passed),
                failed=failed_count(run),
            )
            self.add(result)
            if passed and not ids:
                self.record(result)
        return run

    def _numbered_lines(self, tests: Sequence[str]) -> dict[str, dict[int, tuple[int, ...]]]:
        """Return the lines that ``tests`` reached in the run that has just ended; tests are given by number."""
        try:
            database = self.box.read(".coverage")
        except FileNotFoundError:  # no source was reached
            return {}
        number = {test: n for n, test in enumerate(tests)}
        return {
            path: {line: tuple(sorted(number[test] for test in reached)) for line, reached in by_line.items()}
            for path, by_line in _lines(database, set(tests)).items()
        }

    def add(self, result: Measured) -> None:
        """Add the result of one run."""
        self.passed.update(result.passed)
        self.failed += result.failed
        for path, by_line in result.lines.items():
            for line, numbers in by_line.items():
                reached = self.lines.setdefault(path, {}).setdefault(line, set())
                reached.update(result.passed[number] for number in numbers)

    def reach(self) -> Reach:
        """Return what was measured."""
        lines = {path: {n: frozenset(ids) for n, ids in by_line.items()} for path, by_line in self.lines.items()}
        left_out, unfinished = tuple(self.left_out), tuple(self.unfinished)
        return Reach(tuple(sorted(self.passed)), lines, left_out, self.output, unfinished, self.failed)


def failed_count(run: TestRun) -> int:
    """Return how many tests of a run failed."""
    return sum(status in (TestStatus.FAILED, TestStatus.ERROR) for status in run.results.values())


def restricted(reach: Reach, chosen: set[str]) -> Reach:
    """Return ``reach`` with only the tests that are among ``chosen``."""
    if chosen.issuperset(reach.tests):
        return reach
    lines = {
        path: {line: tests & chosen for line, tests in by_line.items()} for path, by_line in reach.lines.items()
    }
    return replace(reach, tests=tuple(test for test in reach.tests if test in chosen), lines=lines)


def _lines(database: bytes, tests: set[str]) -> dict[str, dict[int, set[str]]]:
    """Read coverage.py's data file: for each source file and line, those of ``tests`` that ran it."""
    lines: dict[str, dict[int, set[str]]] = {}
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
            by_line = lines.setdefault(path.removeprefix(WORKDIR + "/"), {})
            for line in _numbers(bits):
                by_line.setdefault(line, set()).add(test)
    return lines


def _numbers(bits: bytes) -> list[int]:
    """Decode coverage.py's set of line numbers: one bit per line, lowest first."""
    return [8 * i + bit for i, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1]


def _file(test: str) -> str:
    return test.partition("::")[0]


def spread(ids: Sequence[str], most: int) -> list[str]:
    """Return ``most`` of ``ids`` in their order, chosen by digest, so that they are spread over all of them."""
    if len(ids) <= most:
        return [*ids]
    return [i for _, i in sorted(sorted((digest_json(i), i) for i in ids)[: max(most, 0)], key=lambda x: x[1])]
