"""An open box: its runner executes commands, and its workspace consists of overlay layers on a *stage*.

A backend provides only a *cell* (:class:`Cell`): a running runner with a stage, which the keeper of an embedded
box or the runner in a container mounts. A snapshot freezes the upper layer and lays a new one over it, a restore
deletes the upper layer, and a fork shares all layers with another cell. Nothing is copied, whatever the size of
the repository and of the changes.
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
from codegym.sandbox.layered.changes import changes
from codegym.sandbox.layered.channel import Channel, as_argv, as_result
from codegym.sandbox.layered.files import absolute, read_file, remove_file, write_file
from codegym.sandbox.layered.layers import Layers, Names, Stage
from codegym.sandbox.protocol import WORKDIR, Changes, ExecResult, Sandbox, Snapshot, Tree
from codegym.task import Limits

_SERVICE_CHARACTERS = 200
"""How much of a service's command line is listed."""


class Cell(Stage, Protocol):
    """A running runner with a stage, which contains one workspace after another; used by one thread at a time."""

    channel: Channel
    memory: Memory
    disk: DiskWatch | None
    """Watches a stage on disk; ``None`` if the stage's size is limited."""

    def can_load(self, tree: Tree) -> bool:
        """Return whether :meth:`load` works with ``tree``."""
        ...

    def load(self, tree: Tree) -> Names:
        """Remove the workspace and all layers, and return the names of the layers of ``tree`` on the stage."""
        ...

    def share_layers(self, other: Any, layers: Names) -> Callable[[str], str]:
        """Share ``layers``, written by boxes, with another cell of this backend.

        Return a function from the name of a layer here to its name there.
        """
        ...

    def open(self, name: str) -> int:
        """Return a descriptor of the stage's folder ``name``, for reading from outside."""
        ...

    def record_baseline(self) -> None:
        """Record what no command may change, for :meth:`residue`. Call it before the first command."""
        ...

    def residue(self) -> tuple[str, ...]:
        """Return one line per difference between a cell just loaded again and the cell when it was started."""
        ...

    def cut(self, why: str) -> None:
        """End the box, from any thread. A running command raises an error with the reason ``why``."""
        ...

    def end(self) -> None:
        """End the box and free its resources on the host. Ending twice is fine."""
        ...


@dataclass(frozen=True)
class BoxKind:
    """What a box and its forks have in common. ``start`` starts a cell that can load a tree."""

    start: Callable[[Tree], Cell]
    limits: Limits
    env: Mapping[str, str]


class LaidBox(Sandbox):
    """One open box; see :class:`~codegym.sandbox.protocol.Sandbox` and ``Reusable`` there."""

    def __init__(self, kind: BoxKind, tree: Tree) -> None:
        self.cell = kind.start(tree)
        self._kind = kind
        self._lock = threading.RLock()
        self._closing = threading.Lock()
        self._closed = self._has_run = False
        try:
            self._load(tree)
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
            end = cell.channel.run(
                as_argv(command),
                cwd=absolute(cwd),
                env={**self._kind.env, **(env or {})},
                stdin=stdin,
                timeout=limits.command_seconds if timeout is None else timeout,
                keep=limits.output_kb << 10,
                is_over_limit=partial(_is_over_limit, cell),
            )
            result = as_result(end, oom=end.code != 0 and cell.memory.new_oom_kills())
            return cell.disk.checked(result) if cell.disk else result

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """Start a service that runs on between commands, until :meth:`restore` or :meth:`close`.

        It starts in ``/`` and must not keep files of the workspace open. Return its pid in the box, even if the
        program turns out not to exist.
        """
        with self._running() as cell:
            pid = cell.channel.spawn(argv, env={**self._kind.env, **(env or {})})
            self._services.append(" ".join(argv)[:_SERVICE_CHARACTERS])
            return pid

    def services(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.protocol.Lists`."""
        return tuple(self._services)

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            return read_file(cell.channel, path, self._kind.limits.disk_mb << 20)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            write_file(cell.channel, path, content, executable=executable)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            remove_file(cell.channel, path)

    def snapshot(self) -> Snapshot:
        """Freeze the upper layer and lay a new one over it; nothing is copied."""
        with self._using():
            return self._layers.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Kill all processes, empty ``/tmp``, delete the upper layer, lay a new one over the snapshot's layers."""
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
        """Open a box that shares this one's layers as its lower layers. What either writes later is its own."""
        fork = LaidBox(self._kind, self._tree)
        try:
            self.fork_to(fork)
        except BaseException:
            fork.close()
            raise
        return fork

    def open_base(self) -> LaidBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`. The new box shares nothing that this one wrote."""
        return LaidBox(self._kind, self._tree)

    def fork_to(self, spare: Sandbox) -> None:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        if not isinstance(spare, LaidBox) or type(spare.cell) is not type(self.cell):
            raise TypeError("a box can be forked only into one of the same backend")
        with self._using() as cell, spare._using() as other:
            self._layers.snapshot()
            self._shared = True
            if spare._tree != self._tree:
                spare._load(self._tree)
            name_in_spare = cell.share_layers(other, self._layers.of_snapshots())
            spare._layers = self._layers.fork(other, spare._base, name_in_spare)

    def is_alive(self) -> bool:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        return not self._closed and self.cell.channel.is_alive()

    def can_renew(self, tree: Tree) -> bool:
        """See :class:`~codegym.sandbox.protocol.Reusable`. A box whose layers a fork shares can't be renewed."""
        return not self._shared and self.cell.can_load(tree)

    def renew(self, tree: Tree) -> None:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        if not self.can_renew(tree):
            raise SandboxError("this box can't be renewed: a fork shares its layers, or it can't load the tree")
        with self._using() as cell:
            cell.channel.kill_all()
            self._load(tree)
            if self._has_run:
                cell.memory.drop_pages()
            self._has_run = False

    def record_baseline(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Reusable`."""
        with self._using() as cell:
            cell.record_baseline()

    def residue(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.protocol.Reusable`. Inspects from the host."""
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
        """See :class:`~codegym.sandbox.protocol.Sandbox`. Ends a command that runs in another thread."""
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
            self._has_run = True
            yield cell

    def _load(self, tree: Tree) -> None:
        """Lay a workspace over ``tree``, without changes and without snapshots."""
        self._base = self.cell.load(tree)
        self._layers = Layers(self.cell, self._base)
        self._tree = tree
        self._services: list[str] = []
        self._shared = False


def _is_over_limit(cell: Cell) -> bool:
    return cell.memory.is_exceeded() or (cell.disk is not None and cell.disk.is_exceeded())
