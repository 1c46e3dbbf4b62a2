"""The ledger of deadlines: a record of every time limit that applied during an episode.

Time limits are enforced in many places: a box, a client, a build. Each of them calls :func:`note`, which writes to
the ledger that the episode's thread opened with :func:`keeping`, or nowhere if there is none. So an episode can
report which limits applied, which expired and how long each operation took, and no function has to pass a ledger
on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from codegym.task import Frozen

NAMES = ("episode", "reset", "image build", "box start", "step", "command", "model request", "grade")
"""The kinds of deadlines, in the order in which they are displayed."""


class Deadline(Frozen):
    """One kind of time limit over an episode. All times are wall-clock seconds.

    ``limit`` is the largest that applied, or ``None``. ``times`` counts the operations under this limit, ``fired``
    those that it ended. ``longest`` and ``total`` are the durations of the operations.
    """

    name: str
    limit: float | None
    times: int
    fired: int
    longest: float
    total: float


@dataclass
class Ledger:
    """The deadlines noted so far. Several threads may write to one ledger."""

    _kinds: dict[str, Deadline] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, limit: float | None, seconds: float, *, fired: bool) -> None:
        """Record an operation that took ``seconds`` under ``limit``; ``fired`` if the limit ended it."""
        with self._lock:
            old = self._kinds.get(name) or Deadline(
                name=name, limit=None, times=0, fired=0, longest=0.0, total=0.0
            )
            limits = [each for each in (limit, old.limit) if each is not None]
            self._kinds[name] = Deadline(
                name=name,
                limit=max(limits, default=None),
                times=old.times + 1,
                fired=old.fired + fired,
                longest=round(max(seconds, old.longest), 6),
                total=round(old.total + seconds, 6),
            )

    @contextmanager
    def timed(self, name: str, limit: float | None = None) -> Iterator[None]:
        """Record how long the block takes, even if it raises; a ``TimeoutError`` counts as fired."""
        start, fired = time.monotonic(), False
        try:
            yield
        except TimeoutError:
            fired = True
            raise
        finally:
            self.note(name, limit, time.monotonic() - start, fired=fired)

    def entries(self) -> tuple[Deadline, ...]:
        """Return one entry per kind that was noted, in the order of :data:`NAMES`."""
        with self._lock:
            return tuple(sorted(self._kinds.values(), key=lambda deadline: NAMES.index(deadline.name)))

    def copy(self) -> Ledger:
        """Return an independent copy."""
        with self._lock:
            return Ledger(dict(self._kinds))


_current: ContextVar[Ledger | None] = ContextVar("codegym_ledger", default=None)


def current_ledger() -> Ledger | None:
    """Return the ledger that this thread writes to, or ``None``."""
    return _current.get()


@contextmanager
def keeping(ledger: Ledger | None) -> Iterator[None]:
    """Make this thread write to ``ledger`` inside the block; with ``None``, nothing is recorded."""
    token = _current.set(ledger)
    try:
        yield
    finally:
        _current.reset(token)


def note(name: str, limit: float | None, seconds: float, *, fired: bool) -> None:
    """Record an operation in this thread's ledger; do nothing if it has none. See :meth:`Ledger.note`."""
    if (ledger := _current.get()) is not None:
        ledger.note(name, limit, seconds, fired=fired)
