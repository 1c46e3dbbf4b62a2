"""A box on loan from a pool: it behaves like the box behind it, which goes back to the pool when it is closed.

A box is returned only if it is idle and has never failed. A box that is closed during a command, as happens when a
run is stopped, or that raised :class:`~codegym.errors.SandboxError`, is closed for good.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from codegym.errors import SandboxError
from codegym.sandbox.protocol import (
    WORKDIR,
    Changes,
    ExecResult,
    Reusable,
    Sandbox,
    Snapshot,
    Spawns,
    Tree,
)
from codegym.task import Limits

_FORKS_AHEAD = 4
"""How many boxes are opened in advance at a fork: a caller that forks once usually forks again."""

_SERVICE_CHARACTERS = 200
"""How much of a service's command line is listed."""


@dataclass(eq=False)
class Slot:
    """A box, what it was opened with, and its use so far.

    ``pristine`` is its first snapshot if the pool renews it by restoring that. ``since`` is when it was returned.
    """

    box: Sandbox
    tree: Tree
    image: str
    limits: Limits
    pristine: Snapshot | None = None
    used: bool = False
    since: float = field(default_factory=time.monotonic)


class Lender(Protocol):
    """What a box on loan needs of its pool."""

    def open(self, tree: Tree, image: str, limits: Limits) -> PooledBox:
        """Lend a box: a waiting or a new one."""
        ...

    def take(self, tree: Tree, image: str, limits: Limits) -> Slot | None:
        """Remove a waiting box from the pool and return it, or ``None`` if none fits."""
        ...

    def expect(self, tree: Tree, image: str, limits: Limits, count: int) -> None:
        """Open boxes in the background until ``count`` of this kind wait."""
        ...

    def give_back(self, slot: Slot) -> None:
        """Return an idle box to the pool."""
        ...

    def retire(self, slot: Slot) -> None:
        """Close a box that must not be used again."""
        ...


class PooledBox(Sandbox):
    """A box on loan; see :class:`~codegym.sandbox.protocol.Sandbox`. Closing it returns the box to the pool."""

    def __init__(self, slot: Slot, lender: Lender) -> None:
        self._slot = slot
        self._lender = lender
        self._in_use = threading.Lock()
        self._closed = threading.Event()
        self._failed = False

    def exec(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = None,
        cwd: str = WORKDIR,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            return box.exec(command, timeout=timeout, cwd=cwd, env=env, stdin=stdin)

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            return box.read(path)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            box.write(path, content, executable=executable)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            box.remove(path)

    def snapshot(self) -> Snapshot:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            return box.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            box.restore(snapshot)

    def fork(self) -> PooledBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`. A waiting box becomes the fork, if there is one."""
        with self._box() as box:
            return lend(self._fork(box), self._lender)

    def open_base(self) -> PooledBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`. The box comes from the same pool."""
        return self._lender.open(self._slot.tree, self._slot.image, self._slot.limits)

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            return box.changes()

    def close(self) -> None:
        """Return the box to the pool. Closing twice is fine."""
        if self._closed.is_set():
            return
        self._closed.set()
        if not self._in_use.acquire(blocking=False):
            self._lender.retire(self._slot)
            return
        try:
            (self._lender.retire if self._failed else self._lender.give_back)(self._slot)
        finally:
            self._in_use.release()

    @contextmanager
    def _box(self) -> Iterator[Sandbox]:
        with self._in_use:
            if self._closed.is_set():
                raise SandboxError("the box is closed")
            try:
                yield self._slot.box
            except SandboxError:
                self._failed = True
                raise

    def _fork(self, box: Sandbox) -> Slot:
        kind = (self._slot.tree, self._slot.image, self._slot.limits)
        self._lender.expect(*kind, _FORKS_AHEAD)
        spare = self._lender.take(*kind) if isinstance(box, Reusable) else None
        if spare is None or not isinstance(box, Reusable):
            return Slot(box.fork(), *kind)
        try:
            box.fork_to(spare.box)
        except BaseException:
            self._lender.retire(spare)
            raise
        return spare


class PooledServer(PooledBox):
    """A box on loan in which services can run on between commands."""

    def __init__(self, slot: Slot, lender: Lender) -> None:
        super().__init__(slot, lender)
        self._services: list[str] = []

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """See :class:`~codegym.sandbox.protocol.Spawns`."""
        with self._box() as box:
            pid = _spawning(box).spawn(argv, env)
        self._services.append(" ".join(argv)[:_SERVICE_CHARACTERS])
        return pid

    def relay(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Spawns`."""
        with self._box() as box:
            _spawning(box).relay(snapshot)

    def services(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.protocol.Lists`."""
        return tuple(self._services)

    def restore(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._services.clear()
        super().restore(snapshot)


def _spawning(box: Sandbox) -> Spawns:
    if not isinstance(box, Spawns):
        raise SandboxError(f"a {type(box).__name__} can't run services")
    return box


def lend(slot: Slot, lender: Lender) -> PooledBox:
    """Return the box of ``slot`` on loan, with services if the box can run them."""
    return (PooledServer if isinstance(slot.box, Spawns) else PooledBox)(slot, lender)
