"""Ready boxes: opened ahead of demand, and handed out again when nothing of their last user is left.

Opening a box costs ten milliseconds and more; taking one from here costs one. A pool is a backend like any
other, so that who opens boxes need not know. A box that is closed is made as new and *looked at*: only if
neither the box's own account from outside (:class:`~codegym.sandbox.protocol.Reusable`) nor, now and then and
always where there is none, the :mod:`~codegym.sandbox.pool.canary` sees a trace of its user is it handed out
again. Otherwise it is quarantined: closed, noted with the reason, and replaced.

The pool is bounded; boxes that nobody wants for a while are closed. It belongs to the process that made it.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.util import Finalize

from codegym.errors import SandboxError
from codegym.sandbox.pool.canary import sight, strange
from codegym.sandbox.pool.loan import PooledBox, Slot, handed_out
from codegym.sandbox.protocol import Backend, Capability, Reusable, Tree
from codegym.task import Limits

_CANARY_EVERY = 16
_NOTES = 64
_LOOK_SECONDS = 5.0
_DIED = "it died while it waited"
_log = logging.getLogger(__name__)


@dataclass
class Tally:
    """How often boxes were ``opened``, ``reused``, closed for good (``retired``), and what was ``quarantined``."""

    opened: int = 0
    reused: int = 0
    retired: int = 0
    quarantined: deque[str] = field(default_factory=lambda: deque(maxlen=_NOTES))


class Pool:
    """A backend that keeps up to ``most`` boxes of ``backend`` ready, and ``spare`` of each kind in use.

    A kind is an image and limits; and a base tree, where boxes can't be given another. A box that nobody takes
    for ``idle_seconds`` is closed.
    """

    def __init__(self, backend: Backend, *, most: int = 32, spare: int = 1, idle_seconds: float = 60.0) -> None:
        self.name = backend.name
        self.tally = Tally()
        self._backend = backend
        self._most, self._spare, self._idle_seconds = most, spare, idle_seconds
        self._ready: list[Slot] = []
        self._wanted: dict[tuple[str, Limits], tuple[Tree, int]] = {}
        self._sights: dict[tuple[str, Limits], str] = {}
        self._changed = threading.Condition()
        self._filler: threading.Thread | None = None
        self._returned = itertools.count(1)
        self._at_exit = Finalize(self, self.close, exitpriority=100)

    def capabilities(self) -> tuple[Capability, ...]:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        return self._backend.capabilities()

    def require(self, image: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        self._backend.require(image)

    def open(self, tree: Tree, image: str, limits: Limits) -> PooledBox:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        slot = self.take(tree, image, limits) or self._fresh(tree, image, limits)
        if self._spare:
            self.expect(tree, image, limits, self._spare)
        return handed_out(slot, self)

    def expect(self, tree: Tree, image: str, limits: Limits, count: int) -> None:
        """Have ``count`` boxes of a kind ready soon; they are opened by a thread of the pool's own."""
        with self._changed:
            _, before = self._wanted.get((image, limits), (tree, 0))
            self._wanted[image, limits] = (tree, max(before, count))
            self._tend()
            self._changed.notify_all()

    def ready(self) -> int:
        """Return how many boxes wait."""
        with self._changed:
            return len(self._ready)

    def take(self, tree: Tree, image: str, limits: Limits) -> Slot | None:
        """Return a waiting box that holds ``tree``, its own or laid now, or ``None``."""
        while (slot := self._pick(tree, image, limits)) is not None:
            if _is_dead(slot):
                self._quarantine(slot, _DIED)
                continue
            try:
                if slot.tree.layers != tree.layers and isinstance(slot.box, Reusable):
                    slot.box.renew(tree)
                    slot.tree = tree
                self.tally.reused += slot.used
                return slot
            except SandboxError as error:
                self._quarantine(slot, f"could not be handed out: {error}")
        return None

    def give_back(self, slot: Slot) -> None:
        """Take a box that its user is done with: it waits for the next one, or is closed."""
        slot.used = True
        if not self._serves_again(slot):
            self.retire(slot)
            return
        try:
            traces = list(self._traces(slot))
        except (SandboxError, OSError) as error:
            traces = [str(error)]
        if traces:
            self._quarantine(slot, "; ".join(traces[:8]))
            return
        slot.since = time.monotonic()
        with self._changed:
            self._ready.append(slot)
            over = self._ready.pop(0) if len(self._ready) > self._most else None
            self._tend()
        if over:
            self.retire(over)

    def retire(self, slot: Slot) -> None:
        """Close a box for good. One that can't be closed is its user's trouble no more: it is logged."""
        self.tally.retired += 1
        try:
            slot.box.close()
        except (SandboxError, OSError) as error:
            _log.warning("a box of %s can't be closed: %s", self.name, error)

    def close(self) -> None:
        """Close all that wait. The pool may be used again."""
        with self._changed:
            slots, self._ready = self._ready, []
            self._wanted.clear()
            self._changed.notify_all()
        for slot in slots:
            self.retire(slot)

    def _tend(self) -> None:
        """Have a thread of the pool's own, which opens what is wanted and closes what nobody comes for."""
        if self._filler is None:
            self._filler = threading.Thread(target=self._fill, name=f"codegym-pool-{self.name}", daemon=True)
            self._filler.start()

    def _pick(self, tree: Tree, image: str, limits: Limits) -> Slot | None:
        with self._changed:
            of_kind = [slot for slot in self._ready if (slot.image, slot.limits) == (image, limits)]
            fit = [slot for slot in of_kind if slot.tree.layers == tree.layers] or [
                slot for slot in of_kind if isinstance(slot.box, Reusable) and slot.box.takes(tree)
            ]
            if not fit:
                return None
            self._ready.remove(fit[-1])
            if self._wanted:
                self._changed.notify_all()
            return fit[-1]

    def _fresh(self, tree: Tree, image: str, limits: Limits) -> Slot:
        box = self._backend.open(tree, image, limits)
        self.tally.opened += 1
        try:
            if isinstance(box, Reusable):
                box.look()
            if (image, limits) not in self._sights:
                self._sights[image, limits] = sight(box)
            pristine = None if isinstance(box, Reusable) else box.snapshot()
        except BaseException:
            box.close()
            raise
        return Slot(box, tree, image, limits, pristine)

    def _serves_again(self, slot: Slot) -> bool:
        if isinstance(slot.box, Reusable):
            return slot.box.takes(slot.tree)
        return slot.pristine is not None and bool(self._sights.get((slot.image, slot.limits)))

    def _traces(self, slot: Slot) -> Iterator[str]:
        """Make a box as new and yield what is left of its user."""
        known = self._sights.get((slot.image, slot.limits), "")
        if isinstance(slot.box, Reusable):
            slot.box.renew(slot.tree)
            yield from slot.box.residue()
            if known and next(self._returned) % _CANARY_EVERY == 0:
                yield from strange(known, sight(slot.box))
        elif slot.pristine is not None:
            slot.box.restore(slot.pristine)
            yield from (f"file: {path}" for path in slot.box.changes())
            yield from strange(known, sight(slot.box))

    def _quarantine(self, slot: Slot, why: str) -> None:
        _log.info("a box of %s is not used again: %s", self.name, why)
        self.tally.quarantined.append(why)
        self.retire(slot)

    def _fill(self) -> None:
        """Open what is wanted and close what is not, until for a while nothing waits and nothing is wanted."""
        idle = False
        while True:
            with self._changed:
                missing, old = self._missing(), self._outdated()
                was_idle, idle = idle, not self._ready and not self._wanted
                if idle and was_idle:
                    self._filler = None
                    return
                if not missing and not old:
                    self._changed.wait(min(self._idle_seconds / 4, _LOOK_SECONDS))
                    continue
            for slot in old:
                self._quarantine(slot, _DIED) if _is_dead(slot) else self.retire(slot)
            if missing:
                self._add(*missing)

    def _missing(self) -> tuple[Tree, str, Limits] | None:
        for (image, limits), (tree, count) in self._wanted.items():
            there = sum((slot.image, slot.limits) == (image, limits) for slot in self._ready)
            if there < count and len(self._ready) < self._most:
                return tree, image, limits
        return None

    def _outdated(self) -> list[Slot]:
        """Take out what nobody came for, whose kind is then not wanted, and what died while it waited."""
        before = time.monotonic() - self._idle_seconds
        old = [slot for slot in self._ready if slot.since < before]
        for slot in old:
            self._wanted.pop((slot.image, slot.limits), None)
        old += [slot for slot in self._ready if slot not in old and _is_dead(slot)]
        self._ready = [slot for slot in self._ready if slot not in old]
        return old

    def _add(self, tree: Tree, image: str, limits: Limits) -> None:
        try:
            slot = self._fresh(tree, image, limits)
        except (SandboxError, OSError) as error:
            _log.info("no box could be opened ahead of demand: %s", error)
            with self._changed:
                self._wanted.pop((image, limits), None)
            return
        with self._changed:
            wanted = (image, limits) in self._wanted
            if wanted:
                self._ready.append(slot)
        if not wanted:
            self.retire(slot)


def _is_dead(slot: Slot) -> bool:
    """Return whether a waiting box has died, where that can be told: with its engine, or killed by somebody."""
    return isinstance(slot.box, Reusable) and not slot.box.alive()
