"""The one display of progress: a live bar per kind of work on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.progress import TimeRemainingColumn as Remaining

LINE_SECONDS = 15.0
"""Seconds between lines if there is no terminal."""

ESTIMATE_SECONDS = 300.0
"""How far back the estimate of the time left looks: single episodes take very different times."""

BAR_CHARS = 28


class Bars:
    """A :class:`~codegym.progress.protocol.Progress` with a bar per kind of work, for one thread at a time."""

    def __init__(self, progress: Progress, *, is_live: bool, percent: bool = False) -> None:
        self._progress = progress
        self._is_live = is_live
        self._percent = percent
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._finished: set[str] = set()
        self._last_line = time.monotonic()

    def __call__(self, what: str, done: int, total: int, note: str = "") -> None:
        """Show how far ``what`` is."""
        amount = self._amount(done, total)
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total or None, note=note, amount=amount)
            self._started[what] = time.monotonic()
        self._progress.update(self._tasks[what], completed=done, total=total or None, note=note, amount=amount)
        if not self._is_live and self._is_due(what, finished=0 < total <= done):
            self._print_line(what, done, total, note)

    def _amount(self, done: int, total: int) -> str:
        if self._percent and total:
            return f"{done / total:.0%}"
        return f"{done}/{total}" if total else str(done)

    def _is_due(self, what: str, *, finished: bool) -> bool:
        """Return whether it is time for a line: when the work is finished, and every few seconds before."""
        if finished and what not in self._finished:
            self._finished.add(what)
            return True
        return not finished and time.monotonic() - self._last_line >= LINE_SECONDS

    def _print_line(self, what: str, done: int, total: int, note: str) -> None:
        self._last_line = time.monotonic()
        spent = self._last_line - self._started[what]
        left = f"about {spent * (total - done) / done:.0f} s left" if 0 < done < total else f"{spent:.0f} s"
        parts = (f"{what}: {self._amount(done, total)}", left, note)
        self._progress.console.print("  ".join(part for part in parts if part), markup=False)


@contextmanager
def bars(console: Console | None = None, *, percent: bool = False) -> Iterator[Bars]:
    """Show progress while the block runs, on ``console`` (default: stderr); ``percent`` instead of counts."""
    console = console or Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(BAR_CHARS),
        TextColumn("{task.fields[amount]}"),
        Elapsed(),
        Remaining(),
        TextColumn("{task.fields[note]}"),
    )
    is_live = console.is_terminal
    with Progress(
        *columns, console=console, disable=not is_live, speed_estimate_period=ESTIMATE_SECONDS
    ) as progress:
        yield Bars(progress, is_live=is_live, percent=percent)
