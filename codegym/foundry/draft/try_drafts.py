"""Tries drafts in boxes, several at a time, until enough of them make tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from codegym.episode import TestStatus
from codegym.errors import SandboxError
from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.in_threads import TrialCounts, Try, try_in_threads
from codegym.foundry.draft.setup import Resources, TrialSetup
from codegym.foundry.draft.trial import Journal, Trial, read_trial
from codegym.foundry.draft.variety import Variety
from codegym.foundry.holdout.choose import Units
from codegym.foundry.holdout.hold_out import NOTHING, hold_out, visible_tests_pass
from codegym.foundry.holdout.open_project import Noticed, OpenProject
from codegym.foundry.holdout.run_changed import run_changed
from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.record.record import Boundary
from codegym.harness.result import TestRun
from codegym.sandbox.protocol import Backend, Sandbox, Snapshot

_DECIDED = (TestStatus.PASSED, TestStatus.FAILED, TestStatus.ERROR)
"""A test of the guard that is skipped or not collected with the bug is not part of the task."""
_UNSETTLED = ("timeout", "memory", "the box failed")
"""Reasons for a refusal that may be gone on another day. Such a trial is not written to the journal."""


@dataclass(frozen=True)
class TriedDraft:
    """A draft that makes a task, and what it did to the tests."""

    draft: Draft
    trial: Trial


def try_drafts(
    drafts: Iterator[Draft],
    setup: TrialSetup,
    *,
    resources: Resources,
    journal: Journal,
    variety: Variety,
    label: str,
    most: int,
    deadline: float,
    why_not: Callable[[Draft, Callable[[Draft], Trial]], str] = lambda _draft, _try: "",
) -> tuple[list[TriedDraft], TrialCounts]:
    """Try ``drafts`` until ``most`` of them make tasks, none is left, or ``deadline`` (monotonic) has passed.

    Returns those that make tasks, sorted by key, and the counts of all. ``variety`` refuses drafts that are too
    much like others of the same suite. ``label`` names the drafts for whoever watches the progress.
    ``why_not`` may refuse a draft whose trial makes a task, after trials of its own.
    """

    @contextmanager
    def open_worker() -> Iterator[Try[Draft, Trial]]:
        with TrialBox(setup, resources.backend, journal) as box:
            yield lambda draft: (trial := box.try_draft(draft)).refused or why_not(draft, box.try_draft) or trial

    succeeded, counts = try_in_threads(
        drafts,
        open_worker,
        variety,
        resources=resources,
        label=label,
        most=most,
        deadline=deadline,
    )
    tried = [TriedDraft(draft, trial) for draft, trial in succeeded]
    return sorted(tried, key=lambda entry: entry.draft.key), counts


class TrialBox:
    """A box in which one draft after the other is tried. It is opened for the first trial that needs it."""

    def __init__(self, setup: TrialSetup, backend: Backend, journal: Journal) -> None:
        self._setup = setup
        self._backend = backend
        self._journal = journal
        self._box: Sandbox | None = None
        self._clean: Snapshot | None = None
        self._sound: dict[Units, bool] = {}

    def try_draft(self, draft: Draft) -> Trial:
        """Return what a draft does to the tests: from the journal if it is recorded there, otherwise by runs.

        Tests that may notice the draft are run first. If it makes a task, it is tried with all tests that the
        task gets, and some of those are hidden. A draft whose tests are hidden already, as those of a chain are,
        is tried with its own tests only.
        """
        recorded = self._journal.get(draft.key)
        if recorded is not None:
            return recorded
        try:
            trial = self._try_in_box(draft)
        except (SandboxError, OSError):
            self.close()
            trial = Trial(refused="the box failed")
        if trial.refused not in _UNSETTLED:
            self._journal.put(draft.key, trial)
        return trial

    def _try_in_box(self, draft: Draft) -> Trial:
        setup = self._setup
        tests = draft.tests or setup.tests
        trial = read_trial(self._run(draft, tests), tests, draft.hidden)
        if draft.hidden and not self._is_sound(draft.hidden.units):
            return Trial(refused=NOTHING)
        if trial.refused or draft.hidden or setup.plan.framework == "tap":
            return trial
        near = frozenset(tests)
        if setup.guard is not None:
            tests = setup.guard.tests(draft.paths, near)
        run = self._run(draft, tests)
        tests = tuple(test for test in tests if test in near or run.results.get(test) in _DECIDED)
        trial = read_trial(run, tests)
        if trial.refused:
            return trial
        hidden, made_tests = hold_out(self._opened(), _noticed(draft, trial, setup))
        if not hidden and setup.plan.framework == "pytest":
            return Trial(refused=NOTHING)
        if made_tests is None:
            return read_trial(run, tests, hidden)
        return read_trial(run.joined(made_tests.run), (*tests, *made_tests.ids), hidden)

    def _is_sound(self, units: Units) -> bool:
        """Return whether the tests that stay without ``units`` pass; several trials of one chain ask that."""
        if units not in self._sound:
            self._sound[units] = visible_tests_pass(self._opened(), units)
        return self._sound[units]

    def _run(self, draft: Draft, tests: tuple[str, ...]) -> TestRun:
        """Run ``tests`` with the draft's changes, and with the files that the draft hides."""
        opened = self._opened()
        changes = {**draft.changed_files(opened.files), **draft.hidden.added_files}
        return run_changed(opened.box, opened.plan, opened.files, changes, tests=tests, seconds=opened.seconds)

    def _opened(self) -> OpenProject:
        """Return the box before a trial. If programs are built in it, it is restored to its first state."""
        setup = self._setup
        if self._box is None:
            self._box = self._backend.open(setup.tree, setup.image, FORGE_LIMITS)
            self._clean = self._box.snapshot() if setup.plan.framework != "pytest" else None
        elif self._clean is not None:
            self._box.restore(self._clean)
        return OpenProject(self._box, setup.plan, setup.files, setup.tests, setup.seconds)

    def __enter__(self) -> TrialBox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the box if one is open. The next trial opens another."""
        if self._box is not None:
            self._box.close()
            self._box = None


def _noticed(draft: Draft, trial: Trial, setup: TrialSetup) -> Noticed:
    return Noticed(
        failed=trial.failed,
        passed=trial.passed,
        key=draft.key,
        changes=dict(draft.changed_files(setup.files)),
        functions=[Boundary(each.path, each.mutation.function, each.first) for each in draft.mutations],
        is_described=draft.operator == "removal",
    )
