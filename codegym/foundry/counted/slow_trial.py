"""Tries whether an edit makes a function do more work that no test notices, by counting lines."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from codegym.errors import SandboxError
from codegym.foundry.counted.count import bounding_file, call_of, counting_name, measured_lines, measuring_file
from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.setup import TrialSetup
from codegym.foundry.draft.trial import Trial
from codegym.foundry.draft.variety import Variety
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import File, Sandbox
from codegym.syntax import parse_module

_LEAST_RATIO = 2.0
"""How many times as many lines the slow code runs, at least. The bound is the geometric mean of both counts, so
there is a margin of forty per cent on either side."""
_LEAST_LINES = 60
"""Lines that the slow code runs beyond the others: fewer may come from one more branch."""
_MOST_TESTS = 12
"""Tests whose lines are counted for one draft."""


@dataclass(frozen=True)
class SlowTrial:
    """A slow draft that makes a task: the test whose calls are counted, and its file with a test that bounds them.

    ``right`` and ``slow`` are the lines that the calls run without and with the edit, ``most`` the bound.
    """

    test: str
    file: File
    right: int
    slow: int
    most: int
    passed: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path of the test file."""
        return self.test.partition("::")[0]

    @property
    def deciding(self) -> str:
        """The id of the test that counts."""
        return f"{self.path}::{counting_name(self.test)}"


class SlowVariety:
    """Compares slow drafts with the other tasks of a suite, by the test that bounds their lines."""

    def __init__(self, variety: Variety) -> None:
        self._variety = variety

    def objection(self, draft: Draft, /) -> str:
        """Return why ``draft`` is not worth a trial, or an empty text."""
        return self._variety.objection(draft)

    def admit(self, draft: Draft, slow: SlowTrial, /) -> str:
        """Accept ``draft`` and return an empty text, or return why it is refused."""
        return self._variety.admit(draft, Trial(failed=(slow.deciding,), passed=slow.passed))


class SlowTrials:
    """Tries slow drafts of one project. Threads share it, so that lines without an edit are counted once."""

    def __init__(self, setup: TrialSetup) -> None:
        self._setup = setup
        self._right: dict[tuple[str, ...], Mapping[str, int]] = {}
        self._lock = threading.Lock()

    def attempt(self, box: Sandbox, draft: Draft) -> SlowTrial | str:
        """Return what ``draft`` does, or why it makes no task. The files of ``box`` are restored."""
        try:
            return self._attempt(box, draft)
        except (SandboxError, OSError):
            return "the box failed"

    def _attempt(self, box: Sandbox, draft: Draft) -> SlowTrial | str:
        calls = self._calls(draft.tests)
        if not calls:
            return "no test to count"
        changes, source = draft.changed_files(self._setup.files), draft.mutations[0].path
        self._write(box, changes)
        try:
            run = run_tests(box, self._setup.plan, draft.tests, timeout=self._setup.seconds, warm=True)
            if not run.passed(draft.tests):
                return "timeout" if run.timed_out else "noticed" if run.complete else "disorder"
            slow = self._count(box, calls, source)
        finally:
            self._write(box, {path: self._setup.files[path] for path in changes})
        right = self._count_right(box, calls, source)
        return self._judge(draft, calls, right, slow)

    def _calls(self, tests: tuple[str, ...]) -> dict[str, str]:
        """Return the calls of tests of one file that can be counted, by test."""
        calls: dict[str, str] = {}
        for path in dict.fromkeys(test.partition("::")[0] for test in tests):
            module = parse_module(self._setup.files[path].content)
            of_file = [test for test in tests if test.startswith(f"{path}::")]
            calls = {test: call for test in of_file if (call := call_of(test, module))}
            if calls:
                break
        return dict(list(calls.items())[:_MOST_TESTS])

    def _count_right(self, box: Sandbox, calls: Mapping[str, str], source: str) -> Mapping[str, int]:
        key = (source, *calls)
        with self._lock:
            counts = self._right.get(key)
        if counts is None:
            counts = self._count(box, calls, source)
            with self._lock:
                self._right[key] = counts
        return counts

    def _count(self, box: Sandbox, calls: Mapping[str, str], source: str) -> Mapping[str, int]:
        """Return the lines that each test's calls run; without those whose run fails."""
        path = next(iter(calls)).partition("::")[0]
        text = self._setup.files[path].content.decode()
        ids = {f"{path}::{counting_name(test)}": test for test in calls}
        self._write(box, {path: File(measuring_file(text, dict(calls), source).encode())})
        try:
            run = run_tests(box, self._setup.plan, tuple(ids), timeout=self._setup.seconds, warm=True)
        finally:
            self._write(box, {path: self._setup.files[path]})
        counts = {test: measured_lines(run.failures.get(name, "")) for name, test in ids.items()}
        return {test: count for test, count in counts.items() if count}

    def _judge(
        self, draft: Draft, calls: Mapping[str, str], right: Mapping[str, int], slow: Mapping[str, int]
    ) -> SlowTrial | str:
        ratios = {test: slow[test] / right[test] for test in right if test in slow}
        test = max(ratios, key=lambda test: ratios[test], default="")
        if not test or ratios[test] < _LEAST_RATIO or slow[test] - right[test] < _LEAST_LINES:
            return "hardly slower"
        path = test.partition("::")[0]
        most = round((right[test] * slow[test]) ** 0.5)
        text = self._setup.files[path].content.decode()
        bounded = bounding_file(text, test, calls[test], draft.mutations[0].path, most)
        file = File(bounded.encode(), self._setup.files[path].executable)
        return SlowTrial(test, file, right[test], slow[test], most, draft.tests)

    def _write(self, box: Sandbox, files: Mapping[str, File]) -> None:
        for path, file in files.items():
            box.write(path, file.content, executable=self._setup.files[path].executable)
