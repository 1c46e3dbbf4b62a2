"""Tries a bug: puts it into a box, runs the tests that could notice it, and takes it out again."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path

from codegym.episode import TestStatus
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import File, Sandbox
from codegym.task import Frozen, TestPlan
from codegym.tree import Files

_ADDRESS = re.compile(r"\b0?x[0-9a-f]{8,}\b")
_TELLING = 160
"""Failures that are said in at most so many characters, and without an address, are told first."""


class Trial(Frozen):
    """What a bug did: the tests it broke, those it left alone, how the first broken ones failed.

    ``refused`` says why it makes no task; then the rest is empty.
    """

    refused: str = ""
    failed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


class Journal:
    """Trials by key in a file, one line each, so that a forge that was stopped goes on where it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._known: dict[str, Trial] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else ():
            key, trial = json.loads(line)
            self._known[key] = Trial(**trial)

    def get(self, key: str) -> Trial | None:
        """Return the trial recorded under ``key``."""
        return self._known.get(key)

    def put(self, key: str, trial: Trial) -> None:
        """Record a trial."""
        with self._lock, self.path.open("a") as file:
            self._known[key] = trial
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
    """Return what ``changes`` of ``files``, which lie in ``box``, do to ``tests``; the files are put back.

    They are refused if the tests take over ``seconds``, end in disorder, or do not both break and leave some.
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
    """Return what a run says of ``tests``, all of which pass where nothing is wrong."""
    if run.timed_out or run.oom or not run.complete:
        return Trial(refused="timeout" if run.timed_out else "memory" if run.oom else "disorder")
    passed = tuple(i for i in tests if run.results.get(i) is TestStatus.PASSED)
    failed = tuple(i for i in tests if run.results.get(i) in (TestStatus.FAILED, TestStatus.ERROR))
    if not failed or not passed or len(failed) + len(passed) < len(tests):
        return Trial(refused="unnoticed" if not failed else "breaks everything" if not passed else "disorder")
    said = {i: _ADDRESS.sub("…", run.failures.get(i, "")) for i in failed}
    failed = tuple(sorted(failed, key=lambda i: ("…" in said[i], len(said[i]) > _TELLING, failed.index(i))))
    return Trial(failed=failed, passed=passed, messages=tuple(said[i] for i in failed[:3]))
