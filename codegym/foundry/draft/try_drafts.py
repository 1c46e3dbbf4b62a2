"""Tries drafts in boxes, several at a time, until enough of them make tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from codegym.errors import SandboxError
from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.in_threads import TrialCounts, Try, try_in_threads
from codegym.foundry.draft.setup import FORGE_LIMITS, Resources, TrialSetup
from codegym.foundry.draft.trial import Journal, Trial, try_changes
from codegym.foundry.draft.variety import Variety
from codegym.sandbox.protocol import Backend, Sandbox, Snapshot

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

    def try_draft(self, draft: Draft) -> Trial:
        """Return what a draft does to its tests: from the journal if it is recorded there, otherwise by a run."""
        recorded = self._journal.get(draft.key)
        if recorded is not None:
            return recorded
        setup, box = self._setup, self._opened()
        if self._clean is not None:
            box.restore(self._clean)
        tests = draft.tests or setup.tests
        changes = draft.changed_files(setup.files)
        try:
            trial = try_changes(box, setup.plan, setup.files, changes, tests=tests, seconds=setup.seconds)
        except (SandboxError, OSError):
            self.close()
            trial = Trial(refused="the box failed")
        if trial.refused not in _UNSETTLED:
            self._journal.put(draft.key, trial)
        return trial

    def _opened(self) -> Sandbox:
        """Return the box. If programs are built in it, every trial starts from a snapshot of its first state."""
        if self._box is None:
            setup = self._setup
            self._box = self._backend.open(setup.tree, setup.image, FORGE_LIMITS)
            self._clean = self._box.snapshot() if setup.plan.framework != "pytest" else None
        return self._box

    def __enter__(self) -> TrialBox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the box if one is open. The next trial opens another."""
        if self._box is not None:
            self._box.close()
            self._box = None
