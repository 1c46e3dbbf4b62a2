"""What a bug does to tests: which fail with it, which still pass, and which of them the agent does not get."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

from pydantic import Field

from codegym.digest import digest_bytes
from codegym.episode import TestStatus
from codegym.foundry.holdout.hidden import Hidden
from codegym.harness.result import TestRun
from codegym.task import Frozen

_ADDRESS = re.compile(r"\b0?x[0-9a-f]{8,}\b")
TRIAL_VERSION = 4
"""Raised when trials mean something else than before, so that those in old journals are not used."""
_SHOWN = 3
"""Broken tests whose messages are kept."""
_SHORT = 160
"""A failure's message of at most this many characters, without a memory address, comes before all others."""
_DIGITS = 8
"""Hex digits of a message's digest. Only the messages of one test are compared."""


class Trial(Frozen):
    """What a bug did: the tests that it broke, the tests that still pass, and messages of the first broken ones.

    ``hidden`` are those of the tests that are not in the agent's tree; broken ones that are come first in
    ``failed``. ``symptoms`` has, in the order of ``failed``, a digest of every broken test's message. ``refused``
    is the reason why the bug makes no task; then all other fields are empty.
    """

    refused: str = ""
    failed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    hidden: Hidden = Field(default_factory=Hidden)
    symptoms: tuple[str, ...] = ()

    @property
    def visible_failures(self) -> tuple[str, ...]:
        """The broken tests that are in the agent's tree."""
        return tuple(test for test in self.failed if not self.hidden.contains(test))

    @property
    def visible_passes(self) -> tuple[str, ...]:
        """The tests that still pass and are in the agent's tree."""
        return tuple(test for test in self.passed if not self.hidden.contains(test))

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


def read_trial(run: TestRun, tests: tuple[str, ...], hidden: Hidden = Hidden()) -> Trial:  # noqa: B008  it is frozen
    """Return ``run`` as a trial that hides ``hidden``. All of ``tests`` pass in the project without the bug.

    A trial is refused if the run does not end in order and in time, or unless some tests fail and some pass. The
    messages are those of visible tests; if none of these fails, that of a single hidden one.
    """
    if run.timed_out or run.oom or not run.complete:
        return Trial(refused="timeout" if run.timed_out else "memory" if run.oom else "disorder")
    passed = tuple(i for i in tests if run.results.get(i) is TestStatus.PASSED)
    failed = tuple(i for i in tests if run.results.get(i) in (TestStatus.FAILED, TestStatus.ERROR))
    if not failed or not passed or len(failed) + len(passed) < len(tests):
        return Trial(refused="unnoticed" if not failed else "breaks everything" if not passed else "disorder")
    messages = {i: _ADDRESS.sub("…", run.failures.get(i, "")) for i in failed}
    failed = tuple(sorted(failed, key=lambda i: _rank(messages[i], is_hidden=hidden.contains(i))))
    listed = [i for i in failed if not hidden.contains(i)][:_SHOWN] or failed[:1]
    return Trial(
        failed=failed,
        passed=passed,
        messages=tuple(messages[i] for i in listed),
        hidden=hidden,
        symptoms=tuple(digest_bytes(messages[i].encode())[:_DIGITS] for i in failed),
    )


def _rank(message: str, *, is_hidden: bool) -> tuple[bool, bool, bool]:
    return is_hidden, "…" in message, len(message) > _SHORT
