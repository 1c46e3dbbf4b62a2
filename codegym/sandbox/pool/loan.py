"""A box on loan from a pool: it behaves like the box it stands for until it is closed, and then goes back.

A box goes back only if it is at rest and has never failed: one that is closed in the middle of a command, as
happens when a run is stopped, or that raised :class:`~codegym.errors.SandboxError`, is closed for good.
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
"""Who forks once will fork again."""


@dataclass(eq=False)
class Slot:
    """A box and what a pool has to know of it; ``pristine`` is its first snapshot, where it is renewed by one."""

    box: Sandbox
    tree: Tree
    image: str
    limits: Limits
    pristine: Snapshot | None = None
    used: bool = False
    since: float = field(default_factory=time.monotonic)


class Lender(Protocol):
    """Where a box on loan comes from and goes to."""

    def open(self, tree: Tree, image: str, limits: Limits) -> PooledBox:
        """Return a box on loan: one that waits, or a new one."""
        ...

    def take(self, tree: Tree, image: str, limits: Limits) -> Slot | None:
        """Return a waiting box, or ``None``."""
        ...

    def expect(self, tree: Tree, image: str, limits: Limits, count: int) -> None:
        """Have ``count`` boxes wait soon."""
        ...

    def give_back(self, slot: Slot) -> None:
        """Take a box that is at rest."""
        ...

    def retire(self, slot: Slot) -> None:
        """Take a box that must not be used again."""
        ...


class PooledBox(Sandbox):
    """See :class:`~codegym.sandbox.protocol.Sandbox`."""

    def __init__(self, slot: Slot, lender: Lender) -> None:
        self._slot = slot
        self._lender = lender
        self._busy = threading.Lock()
        self._gone = threading.Event()
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
        """See :class:`~codegym.sandbox.protocol.Sandbox`; into a waiting box, if there is one."""
        with self._box() as box:
            return handed_out(self._forked(box), self._lender)

    def open_base(self) -> PooledBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; from the same pool."""
        return self._lender.open(self._slot.tree, self._slot.image, self._slot.limits)

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._box() as box:
            return box.changes()

    def close(self) -> None:
        """Give the box back; closing twice is fine."""
        if self._gone.is_set():
            return
        self._gone.set()
        if not self._busy.acquire(blocking=False):
            self._lender.retire(self._slot)
            return
        try:
            (self._lender.retire if self._failed else self._lender.give_back)(self._slot)
        finally:
            self._busy.release()

    @contextmanager
    def _box(self) -> Iterator[Sandbox]:
        with self._busy:
            if self._gone.is_set():
                raise SandboxError("the box is closed")
            try:
                yield self._slot.box
            except SandboxError:
                self._failed = True
                raise

    def _forked(self, box: Sandbox) -> Slot:
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
    """A box on loan in which services can live on between commands."""

    def __init__(self, slot: Slot, lender: Lender) -> None:
        super().__init__(slot, lender)
        self._services: list[str] = []

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """See :class:`~codegym.sandbox.protocol.Spawns`."""
        with self._box() as box:
            if not isinstance(box, Spawns):
                raise SandboxError(f"a box of {type(box).__name__} holds no services")
            pid = box.spawn(argv, env)
        self._services.append(" ".join(argv)[:200])
        return pid

    def relay(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Spawns`."""
        with self._box() as box:
            if not isinstance(box, Spawns):
                raise SandboxError(f"a box of {type(box).__name__} holds no services")
            box.relay(snapshot)

    def services(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.protocol.Lists`."""
        return tuple(self._services)

    def restore(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._services.clear()
        super().restore(snapshot)


def handed_out(slot: Slot, lender: Lender) -> PooledBox:
    """Return the box on loan, with services where the box has them."""
    return (PooledServer if isinstance(slot.box, Spawns) else PooledBox)(slot, lender)
