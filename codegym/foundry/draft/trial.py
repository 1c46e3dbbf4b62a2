"""Tries a bug: writes it into a box, runs the tests that may notice it, and restores the files."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path

from codegym.digest import digest_bytes
from codegym.episode import TestStatus
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import File, Sandbox
from codegym.task import Frozen, TestPlan
from codegym.tree import Files

_ADDRESS = re.compile(r"\b0?x[0-9a-f]{8,}\b")
_SHORT = 160
"""A failure's message of at most this many characters, without a memory address, comes before all others."""
_DIGITS = 8
"""Hex digits of a message's digest. Only the messages of one test are compared."""


class Trial(Frozen):
    """What a bug did: the tests that it broke, the tests that still pass, and messages of the first broken ones.

    ``symptoms`` has, in the order of ``failed``, a digest of every broken test's message. ``refused`` is the
    reason why the bug makes no task; then all other fields are empty.
    """

    refused: str = ""
    failed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()

    def symptom_of_test(self) -> dict[str, str]:
        """Map each test to the digest of its message; to an empty text if it passes."""
        symptoms = self.symptoms or ("failed",) * len(self.failed)
        return dict.fromkeys(self.passed, "") | dict(zip(self.failed, symptoms, strict=True))


class Journal:
    """Trials by key, in a file of one line per trial, so that a forge that was stopped can go on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._trials: dict[str, Trial] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else ():
            key, trial = json.loads(line)
            self._trials[key] = Trial(**trial)

    def get(self, key: str) -> Trial | None:
        """Return the trial recorded under ``key``, or ``None``."""
        return self._trials.get(key)

    def put(self, key: str, trial: Trial) -> None:
        """Record a trial under ``key``."""
        with self._lock, self.path.open("a") as file:
            self._trials[key] = trial
            file.write(json.dumps([key, trial.model_dump(mode="json")]) + "\n")


def try_changes(
    box: Sandbox,
    plan: TestPlan,
    files: Files,
    changes: Mapping[str, File],
    *,
    tests: tuple[str, ...],
    seconds: float,
) -> Trial:
    """Return what ``changes`` do to ``tests``, by writing them over ``files`` in ``box``; then restore the files.

    A trial is refused if the tests take over ``seconds``, if their run does not end in order, or unless some
    tests fail and some pass.
    """
    for path, file in changes.items():
        box.write(path, file.content, executable=files[path].executable)
    try:
        run = run_tests(box, plan, tests, timeout=seconds, warm=True)
    finally:
        for path in changes:
            box.write(path, files[path].content, executable=files[path].executable)
    return read_trial(run, tests)


def read_trial(run: TestRun, tests: tuple[str, ...]) -> Trial:
    """Return ``run`` as a trial. All of ``tests`` pass in the project without the bug."""
    if run.timed_out or run.oom or not run.complete:
        return Trial(refused="timeout" if run.timed_out else "memory" if run.oom else "disorder")
    passed = tuple(i for i in tests if run.results.get(i) is TestStatus.PASSED)
    failed = tuple(i for i in tests if run.results.get(i) in (TestStatus.FAILED, TestStatus.ERROR))
    if not failed or not passed or len(failed) + len(passed) < len(tests):
        return Trial(refused="unnoticed" if not failed else "breaks everything" if not passed else "disorder")
    messages = {i: _ADDRESS.sub("…", run.failures.get(i, "")) for i in failed}
    failed = tuple(sorted(failed, key=lambda i: ("…" in messages[i], len(messages[i]) > _SHORT, failed.index(i))))
    return Trial(
        failed=failed,
        passed=passed,
        messages=tuple(messages[i] for i in failed[:3]),
        symptoms=tuple(digest_bytes(messages[i].encode())[:_DIGITS] for i in failed),
    )
