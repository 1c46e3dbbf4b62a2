"""The ledger of deadlines: every time limit of an episode in one place, what it bounded and whether it ended it.

Limits are held where they can be, in a box, a client, a build. Each place that holds one says so here, to the
ledger that the episode's thread is :func:`keeping`; with none, nothing is noted. So an episode can tell which
limits applied, which fired and how long each took, and nobody hands a ledger around.
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
"""What a ledger may hold, in the order in which it is shown."""


class Deadline(Frozen):
    """One kind of time limit over an episode. All times are wall-clock seconds.

    ``limit`` is the largest that applied, ``None`` where there was none; ``times`` says how often it was under
    way, ``fired`` how often it ended what it bounded.
    """

    name: str
    limit: float | None
    times: int
    fired: int
    longest: float
    total: float


@dataclass
class Ledger:
    """What was noted so far; may be written to by several threads."""

    _kinds: dict[str, Deadline] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, limit: float | None, seconds: float, *, fired: bool) -> None:
        """Add that something took ``seconds`` under a ``limit``, and whether that ended it."""
        with self._lock:
            old = self._kinds.get(name) or Deadline(
                name=name, limit=None, times=0, fired=0, longest=0.0, total=0.0
            )
            limits = [known for known in (limit, old.limit) if known is not None]
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
        """Note how long the block takes, whatever comes of it; an end by ``TimeoutError`` is a fired limit."""
        start, fired = time.monotonic(), False
        try:
            yield
        except TimeoutError:
            fired = True
            raise
        finally:
            self.note(name, limit, time.monotonic() - start, fired=fired)

    def entries(self) -> tuple[Deadline, ...]:
        """Return one entry for each kind that was noted, in the order of :data:`NAMES`."""
        with self._lock:
            return tuple(sorted(self._kinds.values(), key=lambda deadline: NAMES.index(deadline.name)))

    def copy(self) -> Ledger:
        """Return a ledger that goes on from here by itself."""
        with self._lock:
            return Ledger(dict(self._kinds))


_kept: ContextVar[Ledger | None] = ContextVar("codegym_ledger", default=None)


def kept() -> Ledger | None:
    """Return the ledger that this thread keeps, if any."""
    return _kept.get()


@contextmanager
def keeping(ledger: Ledger | None) -> Iterator[None]:
    """Let what this thread does in the block be noted in ``ledger``; with ``None``, nowhere."""
    token = _kept.set(ledger)
    try:
        yield
    finally:
        _kept.reset(token)


def note(name: str, limit: float | None, seconds: float, *, fired: bool) -> None:
    """Note in the ledger that this thread keeps; without one, do nothing."""
    if (ledger := _kept.get()) is not None:
        ledger.note(name, limit, seconds, fired=fired)
