"""A pool of waiting boxes: opened in advance, and lent again if nothing of their last user is left.

Opening a box takes ten milliseconds or more, taking one from the pool one. A pool is a backend like any other, so
code that opens boxes need not know about it.

A box that is closed is renewed and inspected. It is lent again only if no trace of its user is found: from outside
(:class:`~codegym.sandbox.protocol.Reusable`), and, on every 16th return or if it can't be inspected from outside,
from inside (:mod:`~codegym.sandbox.pool.canary`). Otherwise it is quarantined: closed, recorded with the reason,
and replaced.

The pool is bounded, and closes boxes that nobody takes for a while. It belongs to the process that made it.
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
from codegym.sandbox.pool.canary import view_differences, view_from_inside
from codegym.sandbox.pool.loan import PooledBox, Slot, lend
from codegym.sandbox.protocol import Backend, Capability, Reusable, Tree
from codegym.task import Limits

_CANARY_EVERY = 16
_MOST_REASONS = 64
"""How many reasons for a quarantine are kept."""

_TRACES_IN_A_REASON = 8
_CHECK_SECONDS = 5.0
"""How often waiting boxes are checked for having died."""

_DIED = "it died while it waited"
_log = logging.getLogger(__name__)


@dataclass
class PoolCounts:
    """How often boxes were ``opened``, ``reused`` and closed for good (``retired``).

    ``quarantined`` has the reasons for which boxes were not lent again, the last 64.
    """

    opened: int = 0
    reused: int = 0
    retired: int = 0
    quarantined: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_REASONS))


class Pool:
    """A backend that lends boxes of ``backend``, and keeps up to ``most`` boxes waiting for their next user.

    For each kind of box in use, ``spare`` boxes are opened in advance. Boxes of one kind have the same image and
    limits, and the same base tree unless they can load another. A box that nobody takes for ``idle_seconds`` is
    closed.
    """

    def __init__(self, backend: Backend, *, most: int = 32, spare: int = 1, idle_seconds: float = 60.0) -> None:
        self.name = backend.name
        self.counts = PoolCounts()
        self._backend = backend
        self._most, self._spare, self._idle_seconds = most, spare, idle_seconds
        self._waiting: list[Slot] = []
        self._demand: dict[tuple[str, Limits], tuple[Tree, int]] = {}
        self._views: dict[tuple[str, Limits], str] = {}
        self._changed = threading.Condition()
        self._filler: threading.Thread | None = None
        self._returns = itertools.count(1)
        self._at_exit = Finalize(self, self.close, exitpriority=100)

    def capabilities(self) -> tuple[Capability, ...]:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        return self._backend.capabilities()

    def require(self, image: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        self._backend.require(image)

    def open(self, tree: Tree, image: str, limits: Limits) -> PooledBox:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        slot = self.take(tree, image, limits) or self._open_slot(tree, image, limits)
        if self._spare:
            self.expect(tree, image, limits, self._spare)
        return lend(slot, self)

    def expect(self, tree: Tree, image: str, limits: Limits, count: int) -> None:
        """Open boxes in a background thread until ``count`` of this kind wait. A larger earlier count stays."""
        with self._changed:
            _, before = self._demand.get((image, limits), (tree, 0))
            self._demand[image, limits] = (tree, max(before, count))
            self._start_filler()
            self._changed.notify_all()

    def ready(self) -> int:
        """Return how many boxes wait."""
        with self._changed:
            return len(self._waiting)

    def take(self, tree: Tree, image: str, limits: Limits) -> Slot | None:
        """Remove a waiting box from the pool and return it with ``tree``; ``None`` if none fits."""
        while (slot := self._pick(tree, image, limits)) is not None:
            if _is_dead(slot):
                self._quarantine(slot, _DIED)
                continue
            try:
                if slot.tree.layers != tree.layers and isinstance(slot.box, Reusable):
                    slot.box.renew(tree)
                    slot.tree = tree
                self.counts.reused += slot.used
                return slot
            except SandboxError as error:
                self._quarantine(slot, f"could not be renewed: {error}")
        return None

    def give_back(self, slot: Slot) -> None:
        """Return an idle box to the pool: renew and inspect it, then let it wait for its next user or close it."""
        slot.used = True
        if not self._can_be_renewed(slot):
            self.retire(slot)
            return
        try:
            traces = list(self._traces(slot))
        except (SandboxError, OSError) as error:
            traces = [str(error)]
        if traces:
            self._quarantine(slot, "; ".join(traces[:_TRACES_IN_A_REASON]))
            return
        slot.since = time.monotonic()
        with self._changed:
            self._waiting.append(slot)
            oldest = self._waiting.pop(0) if len(self._waiting) > self._most else None
            self._start_filler()
        if oldest:
            self.retire(oldest)

    def retire(self, slot: Slot) -> None:
        """Close a box for good. If that fails, log it: its user is done with it and can do nothing."""
        self.counts.retired += 1
        try:
            slot.box.close()
        except (SandboxError, OSError) as error:
            _log.warning("a box of %s can't be closed: %s", self.name, error)

    def close(self) -> None:
        """Close all waiting boxes. The pool may be used again."""
        with self._changed:
            slots, self._waiting = self._waiting, []
            self._demand.clear()
            self._changed.notify_all()
        for slot in slots:
            self.retire(slot)

    def _start_filler(self) -> None:
        """Start the background thread that opens wanted boxes and closes unwanted ones, unless it runs."""
        if self._filler is None:
            self._filler = threading.Thread(target=self._fill, name=f"codegym-pool-{self.name}", daemon=True)
            self._filler.start()

    def _pick(self, tree: Tree, image: str, limits: Limits) -> Slot | None:
        """Remove from the pool the last returned box that has ``tree``, otherwise one that can load it."""
        with self._changed:
            of_kind = [slot for slot in self._waiting if (slot.image, slot.limits) == (image, limits)]
            fitting = [slot for slot in of_kind if slot.tree.layers == tree.layers] or [
                slot for slot in of_kind if isinstance(slot.box, Reusable) and slot.box.can_renew(tree)
            ]
            if not fitting:
                return None
            self._waiting.remove(fitting[-1])
            if self._demand:
                self._changed.notify_all()
            return fitting[-1]

    def _open_slot(self, tree: Tree, image: str, limits: Limits) -> Slot:
        """Open a box and record how it looks when it is new."""
        box = self._backend.open(tree, image, limits)
        self.counts.opened += 1
        try:
            if isinstance(box, Reusable):
                box.record_baseline()
            if (image, limits) not in self._views:
                self._views[image, limits] = view_from_inside(box)
            pristine = None if isinstance(box, Reusable) else box.snapshot()
        except BaseException:
            box.close()
            raise
        return Slot(box, tree, image, limits, pristine)

    def _can_be_renewed(self, slot: Slot) -> bool:
        if isinstance(slot.box, Reusable):
            return slot.box.can_renew(slot.tree)
        return slot.pristine is not None and bool(self._views.get((slot.image, slot.limits)))

    def _traces(self, slot: Slot) -> Iterator[str]:
        """Renew a box, inspect it, and yield a line for each trace of its user."""
        expected = self._views.get((slot.image, slot.limits), "")
        if isinstance(slot.box, Reusable):
            slot.box.renew(slot.tree)
            yield from slot.box.residue()
            if expected and next(self._returns) % _CANARY_EVERY == 0:
                yield from view_differences(expected, view_from_inside(slot.box))
        elif slot.pristine is not None:
            slot.box.restore(slot.pristine)
            yield from (f"file: {path}" for path in slot.box.changes())
            yield from view_differences(expected, view_from_inside(slot.box))

    def _quarantine(self, slot: Slot, why: str) -> None:
        _log.info("a box of %s is not used again: %s", self.name, why)
        self.counts.quarantined.append(why)
        self.retire(slot)

    def _fill(self) -> None:
        """Open wanted boxes and close unwanted ones.

        End when the pool was empty, and no box wanted, at two checks in a row.
        """
        idle = False
        while True:
            with self._changed:
                missing, old = self._missing(), self._remove_outdated()
                was_idle, idle = idle, not self._waiting and not self._demand
                if idle and was_idle:
                    self._filler = None
                    return
                if not missing and not old:
                    self._changed.wait(min(self._idle_seconds / 4, _CHECK_SECONDS))
                    continue
            for slot in old:
                self._quarantine(slot, _DIED) if _is_dead(slot) else self.retire(slot)
            if missing:
                self._add(*missing)

    def _missing(self) -> tuple[Tree, str, Limits] | None:
        """Return a kind of which fewer boxes wait than are wanted, if the pool has room."""
        for (image, limits), (tree, count) in self._demand.items():
            waiting = sum((slot.image, slot.limits) == (image, limits) for slot in self._waiting)
            if waiting < count and len(self._waiting) < self._most:
                return tree, image, limits
        return None

    def _remove_outdated(self) -> list[Slot]:
        """Remove and return dead boxes and boxes that nobody took for long, whose kind is no longer wanted."""
        before = time.monotonic() - self._idle_seconds
        old = [slot for slot in self._waiting if slot.since < before]
        for slot in old:
            self._demand.pop((slot.image, slot.limits), None)
        old += [slot for slot in self._waiting if slot not in old and _is_dead(slot)]
        self._waiting = [slot for slot in self._waiting if slot not in old]
        return old

    def _add(self, tree: Tree, image: str, limits: Limits) -> None:
        """Open a box in advance; close it again if its kind is no longer wanted."""
        try:
            slot = self._open_slot(tree, image, limits)
        except (SandboxError, OSError) as error:
            _log.info("no box could be opened in advance: %s", error)
            with self._changed:
                self._demand.pop((image, limits), None)
            return
        with self._changed:
            is_needed = (image, limits) in self._demand
            if is_needed:
                self._waiting.append(slot)
        if not is_needed:
            self.retire(slot)


def _is_dead(slot: Slot) -> bool:
    """Return whether a waiting box is known to have died, for instance because its engine restarted."""
    return isinstance(slot.box, Reusable) and not slot.box.is_alive()
