"""What a person sees while training runs: the phase, how far it is, how long it will take, how it goes.

On a terminal this is a live bar for each phase; elsewhere (a log, CI) a line when a phase starts, every few
seconds while it runs, and when it ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

EVERY = 15.0
"""Seconds between lines where there is no terminal."""


@dataclass
class Phase:
    """One phase's bar. ``share`` goes from 0 to 1."""

    name: str
    progress: Progress
    task: TaskID
    live: bool
    started: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)

    def update(self, share: float, note: str = "") -> None:
        """Say how far the phase is, and in a few words how it goes."""
        self.progress.update(self.task, completed=100 * min(1.0, share), note=note)
        now = time.monotonic()
        if not self.live and now - self.told >= EVERY:
            self.told = now
            left = (now - self.started) * (1 - share) / share if share > 0 else 0.0
            self.progress.console.print(
                f"  {self.name}: {share:4.0%}, about {left:.0f} s left  {note}", highlight=False
            )


@dataclass
class Display:
    """Shows phases one after the other and keeps their ``seconds`` by name."""

    console: Console = field(default_factory=lambda: Console(stderr=True))
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[Phase]:
        """Show a phase while the block runs."""
        columns = (TextColumn("{task.description:<34}"), BarColumn(24), TextColumn("{task.percentage:>3.0f}%"))
        clock = (TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
        live = self.console.is_terminal
        start = time.monotonic()
        with Progress(*columns, *clock, console=self.console, disable=not live) as progress:
            if not live:
                self.console.print(f"{title} …", highlight=False)
            phase = Phase(name, progress, progress.add_task(title, total=100, note=""), live)
            try:
                yield phase
                phase.update(1.0)
            finally:
                self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 1)
        if not live:
            self.console.print(f"{title}: done in {self.seconds[name]:.0f} s", highlight=False)
