"""An open box: commands go to the runner in it, its workspace is layers on a stage.

It is the same box whoever holds the stage, the keeper of an embedded box or the runner in a container: that is
the *cell* (:class:`Cell`), all that a backend has to bring. A snapshot freezes the upper layer and lays a new one
over it, a restore drops it, and a fork shares all layers with another cell: nothing is copied, whatever the
size of the repository and of what was changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from codegym.errors import SandboxError
from codegym.sandbox.host.disk import DiskWatch
from codegym.sandbox.host.memory import Memory
from codegym.sandbox.layered import channel as frames
from codegym.sandbox.layered.changes import changes
from codegym.sandbox.layered.layers import Layers, Names, Stage
from codegym.sandbox.protocol import WORKDIR, Changes, ExecResult, Sandbox, Snapshot, Tree
from codegym.task import Limits

_SHOWN = 200


class Cell(Stage, Protocol):
    """A running runner with a stage, which holds one workspace after another; used by one thread at a time."""

    channel: frames.Channel
    memory: Memory
    disk: DiskWatch | None
    """What watches a stage that has no limit of its own."""

    def holds(self, tree: Tree) -> bool:
        """Return whether :meth:`take` can bring ``tree`` here."""
        ...

    def take(self, tree: Tree) -> Names:
        """Let go of all that was taken and written, and return what the layers of ``tree`` are called here."""
        ...

    def give(self, other: Any, layers: Names) -> Callable[[str], str]:
        """Share ``layers``, written by boxes, with another cell of this kind; return what names them there."""
        ...

    def open(self, name: str) -> int:
        """Return a descriptor of the folder ``name`` on the stage, for reading from outside."""
        ...

    def look(self) -> None:
        """Note what no command may change, before the first one, for :meth:`residue`."""
        ...

    def residue(self) -> tuple[str, ...]:
        """Return a line for each thing in a cell just taken anew that was not there when it was started."""
        ...

    def cut(self, why: str) -> None:
        """End the box from any thread: a command that runs ends with an error that says ``why``."""
        ...

    def end(self) -> None:
        """End the box and give back what it holds here. Ending twice is fine."""
        ...


@dataclass(frozen=True)
class Kind:
    """What boxes that may stand in for each other share; ``start`` starts a cell that holds a tree."""

    start: Callable[[Tree], Cell]
    limits: Limits
    env: Mapping[str, str]


class LaidBox(Sandbox):
    """One open box; see :class:`~codegym.sandbox.protocol.Sandbox` and ``Reusable`` there."""

    def __init__(self, kind: Kind, tree: Tree) -> None:
        self.cell = kind.start(tree)
        self._kind = kind
        self._lock = threading.RLock()
        self._closing = threading.Lock()
        self._closed = self._ran = False
        try:
            self._take(tree)
        except BaseException:
            self.cell.end()
            raise

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
        limits = self._kind.limits
        with self._running() as cell:
            ended = cell.channel.run(
                frames.as_argv(command),
                cwd=frames.inside(cwd),
                env={**self._kind.env, **(env or {})},
                stdin=stdin,
                timeout=limits.command_seconds if timeout is None else timeout,
                keep=limits.output_kb << 10,
                watch=frames.Watch(partial(_exceeded, cell)),
            )
            result = frames.as_result(ended, oom=ended.code != 0 and cell.memory.new_oom_kills())
            return cell.disk.settled(result) if cell.disk else result

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """Start a service that lives on between commands, until :meth:`restore` or :meth:`close`.

        It starts in ``/`` and must not keep files of the workspace open. Returns its pid in the box; whether
        the program could be started shows only in what it does.
        """
        with self._running() as cell:
            pid = cell.channel.spawn(argv, env={**self._kind.env, **(env or {})})
            self._services.append(" ".join(argv)[:_SHOWN])
            return pid

    def services(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.protocol.Lists`."""
        return tuple(self._services)

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            return frames.read_file(cell.channel, path, self._kind.limits.disk_mb << 20)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            frames.write_file(cell.channel, path, content, executable=executable)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            frames.remove_file(cell.channel, path)

    def snapshot(self) -> Snapshot:
        """Freeze the upper layer and lay a new one over it; nothing is copied."""
        with self._using():
            return self._layers.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Kill all, empty ``/tmp``, drop the upper layer and lay a new one over the snapshot's."""
        with self._using() as cell:
            self._layers.find(snapshot)
            cell.channel.kill_all()
            self._services.clear()
            self._layers.restore(snapshot)

    def relay(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Spawns`."""
        with self._using():
            self._layers.relay(snapshot)

    def fork(self) -> LaidBox:
        """Open a box whose lower layers are this one's, shared; what either writes from now on is its own."""
        fork = LaidBox(self._kind, self._tree)
        try:
            self.fork_to(fork)
        except BaseException:
            fork.close()
            raise
        return fork

    def open_base(self) -> LaidBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; it shares nothing that this one wrote."""
        return LaidBox(self._kind, self._tree)

    def fork_to(self, spare: Sandbox) -> None:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        if not isinstance(spare, LaidBox) or type(spare.cell) is not type(self.cell):
            raise TypeError("a box can be forked only into one of the same backend")
        with self._using() as cell, spare._using() as other:
            self._layers.snapshot()
            self._shared = True
            if spare._tree != self._tree:
                spare._take(self._tree)
            moved = cell.give(other, self._layers.kept())
            spare._layers = self._layers.fork(other, spare._base, moved)

    def alive(self) -> bool:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        return not self._closed and self.cell.channel.alive()

    def takes(self, tree: Tree) -> bool:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        return not self._shared and self.cell.holds(tree)

    def renew(self, tree: Tree) -> None:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        if not self.takes(tree):
            raise SandboxError("a box whose layers a fork shares, or that can't hold the tree, can't be renewed")
        with self._using() as cell:
            cell.channel.kill_all()
            self._take(tree)
            if self._ran:
                cell.memory.drop_pages()
            self._ran = False

    def look(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        with self._using() as cell:
            cell.look()

    def residue(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.protocol.Reusable`; looked at from the host."""
        with self._using() as cell:
            return cell.residue()

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            uppers: list[int] = []
            try:
                uppers.extend(cell.open(name) for name in self._layers.written())
                return changes(uppers, self._tree.layers, self._kind.limits.disk_mb << 20)
            finally:
                for upper in uppers:
                    os.close(upper)

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; a command that runs in another thread is ended."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self.cell.cut("it was closed")
                with self._lock:
                    self.cell.end()

    @contextmanager
    def _using(self) -> Iterator[Cell]:
        with self._lock:
            if self._closed:
                raise SandboxError("the box is closed")
            yield self.cell

    @contextmanager
    def _running(self) -> Iterator[Cell]:
        with self._using() as cell:
            self._ran = True
            yield cell

    def _take(self, tree: Tree) -> None:
        """Start from ``tree``, with nothing written over it."""
        self._base = self.cell.take(tree)
        self._layers = Layers(self.cell, self._base)
        self._tree = tree
        self._services: list[str] = []
        self._shared = False


def _exceeded(cell: Cell) -> bool:
    return cell.memory.exceeded() or (cell.disk is not None and cell.disk.exceeded())
