"""The ledger of deadlines: every time limit of an episode, how often it applied and how often it fired.

Limits are enforced in many places: a box, a client, a build. Each place notes its limit in the ledger that the
thread is :func:`keeping`; in a thread without one nothing is noted. So an episode records which limits applied,
which fired and how long each took, and no function has to pass a ledger on.
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
"""The kinds of time limits, in the order in which they are shown."""


class Deadline(Frozen):
    """One kind of time limit over an episode. All times are wall-clock seconds.

    ``limit`` is the largest that applied, ``None`` if there was none; ``times`` is how often it applied, ``fired``
    how often it ended the work.
    """

    name: str
    limit: float | None
    times: int
    fired: int
    longest: float
    total: float


@dataclass
class Ledger:
    """The time limits noted so far. Safe to use from several threads."""

    _kinds: dict[str, Deadline] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, limit: float | None, seconds: float, *, fired: bool) -> None:
        """Add work that took ``seconds`` under a ``limit``; ``fired`` says whether the limit ended it."""
        with self._lock:
            old = self._kinds.get(name) or Deadline(
                name=name, limit=None, times=0, fired=0, longest=0.0, total=0.0
            )
            limits = [one for one in (limit, old.limit) if one is not None]
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
        """Note how long the block takes, even if it raises; a ``TimeoutError`` means that the limit fired."""
        start, fired = time.monotonic(), False
        try:
            yield
        except TimeoutError:
            fired = True
            raise
        finally:
            self.note(name, limit, time.monotonic() - start, fired=fired)

    def entries(self) -> tuple[Deadline, ...]:
        """Return one entry per kind of limit, in the order of :data:`NAMES`."""
        with self._lock:
            return tuple(sorted(self._kinds.values(), key=lambda deadline: NAMES.index(deadline.name)))

    def copy(self) -> Ledger:
        """Return an independent copy."""
        with self._lock:
            return Ledger(dict(self._kinds))


_kept: ContextVar[Ledger | None] = ContextVar("codegym_ledger", default=None)


def current_ledger() -> Ledger | None:
    """Return the ledger of this thread, if it keeps one."""
    return _kept.get()


@contextmanager
def keeping(ledger: Ledger | None) -> Iterator[None]:
    """Note the time limits of this thread in ``ledger`` while the block runs; with ``None``, nowhere."""
    token = _kept.set(ledger)
    try:
        yield
    finally:
        _kept.reset(token)


def note(name: str, limit: float | None, seconds: float, *, fired: bool) -> None:
    """Note a time limit in the ledger of this thread; without one, do nothing."""
    if (ledger := _kept.get()) is not None:
        ledger.note(name, limit, seconds, fired=fired)
