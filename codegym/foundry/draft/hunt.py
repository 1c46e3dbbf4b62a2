"""Tries drafts in boxes, several at a time, until enough of them make tasks; counts what became of the rest."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from codegym.errors import SandboxError
from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.trial import Journal, Trial, try_changes
from codegym.progress.protocol import Progress
from codegym.sandbox.protocol import Backend, Sandbox, Snapshot, Tree
from codegym.task import Limits, TestPlan
from codegym.tree import Files

FORGE_LIMITS = Limits(command_seconds=700, grade_seconds=700, memory_mb=2048, disk_mb=1024, output_kb=65536)
_UNSETTLED = ("timeout", "memory", "the box failed")
"""Refused for what another day may not see: such a trial is not kept."""


@dataclass
class Catch:
    """What trying one operator's drafts gave: those that make tasks, how many were tried, why others do not."""

    kept: list[tuple[Draft, Trial]] = field(default_factory=list)
    tried: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass
class Hunt:
    """Boxes with one project, in which drafts are tried.

    ``tests`` are all that pass where nothing is wrong; a trial may take so many ``seconds``.
    """

    files: Files
    plan: TestPlan
    image: str
    tree: Tree
    tests: tuple[str, ...]
    backend: Backend
    journal: Journal
    workers: int
    seconds: float
    progress: Progress

    def bench(self) -> Bench:
        """Return a place to try drafts one by one."""
        return Bench(self)

    def run(self, operator: str, drafts: Iterator[Draft], most: int, deadline: float) -> Catch:
        """Try ``drafts`` until ``most`` are kept, none is left, or the clock (monotonic) says ``deadline``."""
        catch, turn, taken, began = Catch(), threading.Lock(), Counter[str](), time.monotonic()
        stopped = threading.Event()

        def fits(draft: Draft) -> bool:
            return all(taken[key] < bound for key, bound in draft.bounds)

        def take() -> Draft | None:
            with turn:
                if len(catch.kept) >= most or time.monotonic() > deadline or stopped.is_set():
                    return None
                return next((draft for draft in drafts if fits(draft)), None)

        def note(draft: Draft, trial: Trial) -> None:
            with turn:
                catch.tried += 1
                if trial.refused:
                    catch.refused[trial.refused] += 1
                elif len(catch.kept) < most and fits(draft):
                    catch.kept.append((draft, trial))
                    taken.update(key for key, _ in draft.bounds)
                self.progress(f"trying {operator}", len(catch.kept), most)

        def work() -> None:
            with self.bench() as bench:
                while (draft := take()) is not None:
                    note(draft, bench.tried(draft))

        side_by_side(self.workers, work, stopped)
        catch.kept.sort(key=lambda kept: kept[0].key)
        catch.seconds = time.monotonic() - began
        return catch


def side_by_side(workers: int, work: Callable[[], None], stopped: threading.Event) -> None:
    """Run ``work`` in so many threads until all have ended; after an error or Ctrl-C, ``stopped`` is set."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            for done in as_completed([pool.submit(work) for _ in range(workers)]):
                done.result()
        finally:
            stopped.set()


class Bench:
    """One box, opened when there is something to try."""

    def __init__(self, hunt: Hunt) -> None:
        self._hunt = hunt
        self._box: Sandbox | None = None
        self._clean: Snapshot | None = None

    def tried(self, draft: Draft) -> Trial:
        """Return what a draft does to its tests, from the journal where it is known."""
        hunt = self._hunt
        known = hunt.journal.get(draft.key)
        if known is not None:
            return known
        box = self._opened()
        if self._clean is not None:
            box.restore(self._clean)
        tests = draft.tests or hunt.tests
        wrong = draft.wrong(hunt.files)
        try:
            trial = try_changes(box, hunt.plan, hunt.files, wrong, tests=tests, seconds=hunt.seconds)
        except (SandboxError, OSError):
            self.close()
            trial = Trial(refused="the box failed")
        if trial.refused not in _UNSETTLED:
            hunt.journal.put(draft.key, trial)
        return trial

    def _opened(self) -> Sandbox:
        """Return the box. Where programs are built, each trial starts from the files as they were."""
        if self._box is None:
            hunt = self._hunt
            self._box = hunt.backend.open(hunt.tree, hunt.image, FORGE_LIMITS)
            self._clean = self._box.snapshot() if hunt.plan.framework != "pytest" else None
        return self._box

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the box, if one is open; the next trial opens another."""
        if self._box is not None:
            self._box.close()
            self._box = None
