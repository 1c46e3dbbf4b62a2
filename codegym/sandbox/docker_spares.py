"""Cells between two boxes: a container starts in a quarter of a second, and is as good as new in a millisecond.

Only a cell that was verified empty is kept (:meth:`codegym.sandbox.docker_cell.Cell.reset`), and only as many as
``most``; all others end. They end with the process at the latest, since their streams do.
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from collections.abc import Hashable
from contextlib import suppress

from codegym.errors import SandboxError
from codegym.sandbox.docker_cell import Cell


class Spares:
    """Idle cells by what they were started for; safe for threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._idle: defaultdict[Hashable, list[Cell]] = defaultdict(list)
        weakref.finalize(self, _end, self._idle)

    def get(self, kind: Hashable) -> Cell | None:
        """Return an idle cell of this kind whose container still runs, or ``None``."""
        while True:
            with self._lock:
                cell = self._idle[kind].pop() if self._idle[kind] else None
            if cell is None or cell.alive():
                return cell
            cell.end()

    def put(self, kind: Hashable, cell: Cell) -> None:
        """Keep a cell whose box has ended, if it can be made empty and there is room; else end it."""
        clean = False
        if self._room():
            with suppress(SandboxError, OSError):  # such a cell is not kept
                clean = cell.reset()
        with self._lock:
            keep = clean and self._count() < self._most
            if keep:
                self._idle[kind].append(cell)
        if not keep:
            cell.end()

    def end(self) -> None:
        """End all idle cells."""
        with self._lock:
            _end(self._idle)

    def _room(self) -> bool:
        with self._lock:
            return self._count() < self._most

    def _count(self) -> int:
        return sum(map(len, self._idle.values()))


def _end(idle: defaultdict[Hashable, list[Cell]]) -> None:
    for cells in idle.values():
        while cells:
            cells.pop().end()
