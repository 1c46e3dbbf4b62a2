"""Phases of long work, one after the other, on the one display; and how many seconds each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from codegym.progress.bars import bars
from codegym.progress.protocol import Progress


@dataclass(frozen=True)
class PhaseBar:
    """The bar of one phase."""

    title: str
    progress: Progress

    def update(self, share: float, note: str = "") -> None:
        """Show that ``share`` of the phase is done, from 0 to 1; ``note`` says in a few words how it goes."""
        self.progress(self.title, round(100 * min(1.0, share)), 100, note)


@dataclass
class Display:
    """Shows phases one after the other. ``seconds`` maps each phase's name to the time that it took."""

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    seconds: dict[str, float] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Print a line between phases."""
        self.console.print(text, markup=False, style="dim")

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[PhaseBar]:
        """Show a phase while the block runs, and add its time to that of earlier phases of this name."""
        began = time.monotonic()
        if not self.console.is_terminal:
            self.console.print(f"{title} …", markup=False)
        try:
            with bars(self.console, percent=True) as progress:
                phase = PhaseBar(title, progress)
                phase.update(0.0)
                yield phase
                phase.update(1.0)
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - began, 1)
