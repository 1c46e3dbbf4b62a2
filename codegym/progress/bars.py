"""How far long work is and how long it will take: a live bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.progress import TimeRemainingColumn as Remaining

EVERY = 15.0
"""Seconds between lines where there is no terminal."""


SPEED = 300.0
"""Seconds that the estimate of the time left looks back over: single episodes take very different times."""


class Bars:
    """A bar for each kind of work; call it with what is being done, how much is done, of how much."""

    def __init__(self, progress: Progress, *, live: bool) -> None:
        self._progress = progress
        self._live = live
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._told = time.monotonic()

    def __call__(self, what: str, done: int, total: int, note: str = "") -> None:
        """Say how far ``what`` is, of how much if that is known; ``note`` says in a few words how it goes."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total or None, note=note)
            self._started[what] = time.monotonic()
        self._progress.update(self._tasks[what], completed=done, total=total or None, note=note)
        if not self._live:
            self._line(what, done, total, note)

    def _line(self, what: str, done: int, total: int, note: str) -> None:
        now = time.monotonic()
        if now - self._told < EVERY and not 0 < total <= done:
            return
        self._told = now
        spent = now - self._started[what]
        left = f"about {spent * (total - done) / done:.0f} s left" if 0 < done < total else f"{spent:.0f} s"
        text = "  ".join(part for part in (f"{what}: {done}" + (f"/{total}" if total else ""), left, note) if part)
        self._progress.console.print(text, markup=False)


@contextmanager
def bars() -> Iterator[Bars]:
    """Show progress on stderr while the block runs."""
    console = Console(stderr=True, highlight=False)
    live = console.is_terminal
    note = TextColumn("{task.fields[note]}")
    columns = (TextColumn("{task.description}"), BarColumn(28), MofNCompleteColumn(), Elapsed(), Remaining())
    with Progress(*columns, note, console=console, disable=not live, speed_estimate_period=SPEED) as progress:
        yield Bars(progress, live=live)
