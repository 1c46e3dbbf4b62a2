"""A box in a container that lays its own workspace: layers on a stage, as in the embedded sandbox.

A snapshot freezes the upper layer and lays a new one over it, a restore drops it, and a fork hands the mounts of
all layers to another container: nothing is copied, whatever the size of the repository and of what was changed.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from codegym.errors import SandboxError
from codegym.sandbox import channel as frames
from codegym.sandbox.docker_cell import Cell
from codegym.sandbox.overlay import changes
from codegym.sandbox.protocol import WORKDIR, Changes, ExecResult, Snapshot
from codegym.task import Limits

_Layers = tuple[str, ...]
"""Folders on a cell's stage, topmost first."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Harbour:
    """Where a box gets its cell from and gives it back to, and what holds for every box of its family."""

    get: Callable[[], Cell]
    put: Callable[[Cell], None]
    limits: Limits
    env: Mapping[str, str]
    tree: tuple[Path, ...]


@dataclass(frozen=True)
class Layers:
    """What a box starts with: the base tree's layers, those written before on top, and snapshots of these."""

    base: _Layers
    frozen: _Layers = ()
    snapshots: Mapping[str, _Layers] = field(default_factory=dict)


class DockerBox:
    """One open box; see :class:`~codegym.sandbox.protocol.Sandbox`."""

    def __init__(self, harbour: Harbour, cell: Cell, layers: Layers) -> None:
        self._harbour = harbour
        self._cell = cell
        self._base = layers.base
        self._frozen = layers.frozen
        self._snapshots = dict(layers.snapshots)
        self._upper = 0
        self._lock = threading.Lock()
        self._closing = threading.Lock()
        self._closed = False
        self._reusable = True
        with self._using():
            self._lay()

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
        limits = self._harbour.limits
        with self._using() as cell:
            ended = cell.channel.run(
                frames.as_argv(command),
                cwd=frames.inside(cwd),
                env={**self._harbour.env, **(env or {})},
                stdin=stdin,
                timeout=limits.command_seconds if timeout is None else timeout,
                keep=limits.output_kb << 10,
                watch=frames.Watch(cell.memory.exceeded),
            )
            return frames.as_result(ended, oom=ended.code != 0 and cell.memory.new_oom_kills())

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """Start a service that lives on between commands, until :meth:`restore` or :meth:`close`.

        It starts in ``/`` and must not keep files of the workspace open. Returns its pid in the box; whether
        the program could be started shows only in what it does.
        """
        with self._using() as cell:
            return cell.channel.spawn(argv, env={**self._harbour.env, **(env or {})})

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            return frames.read_file(cell.channel, path, self._harbour.limits.disk_mb << 20)

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
            return self._freeze()

    def restore(self, snapshot: Snapshot) -> None:
        """Kill all, empty ``/tmp``, drop the upper layer and lay a new one over the snapshot's."""
        with self._using() as cell:
            if snapshot.id not in self._snapshots:
                raise SandboxError(
                    f"snapshot {snapshot.id!r} was not made by this box or one that it was forked from"
                )
            cell.channel.kill_all()
            dropped = self._upper
            self._frozen = self._snapshots[snapshot.id]
            self._upper += 1
            self._lay()
            cell.drop(str(dropped))
            cell.clean()

    def fork(self) -> DockerBox:
        """Open a box whose lower layers are this one's, shared; what either writes from now on is its own."""
        with self._using() as cell:
            snapshot = self._freeze()
            self._reusable = False  # its layers must outlive it
            kept = dict.fromkeys(layer for layers in self._snapshots.values() for layer in layers)
            other = self._harbour.get()
            try:
                moved = {name: other.take(cell.share(name)) for name in (*kept, *self._base)}
                snapshots = {
                    known: tuple(moved[name] for name in layers) for known, layers in self._snapshots.items()
                }
                base = tuple(moved[name] for name in self._base)
                return DockerBox(self._harbour, other, Layers(base, snapshots[snapshot.id], snapshots))
            except BaseException:
                other.end()
                raise

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._using() as cell:
            uppers: list[int] = []
            try:
                uppers.extend(cell.open(name) for name in reversed((f"u/{self._upper}", *self._frozen)))
                return changes(uppers, self._harbour.tree, self._harbour.limits.disk_mb << 20)
            finally:
                for upper in uppers:
                    os.close(upper)

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; a command that runs in another thread is ended."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            if not self._lock.acquire(blocking=False):
                self._cell.cut("it was closed")
                self._lock.acquire()
            try:
                self._leave()
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _using(self) -> Iterator[Cell]:
        """Hold the cell. Whatever breaks off here, but for what a command did, leaves a box for one use only."""
        with self._lock:
            if self._closed:
                raise SandboxError("the box is closed")
            try:
                yield self._cell
            except (FileNotFoundError, IsADirectoryError, PermissionError):
                raise
            except BaseException:
                self._reusable = False
                raise

    def _leave(self) -> None:
        if self._reusable:
            self._harbour.put(self._cell)
        else:
            self._cell.end()

    def _freeze(self) -> Snapshot:
        if self._cell.names(f"u/{self._upper}"):
            self._frozen = (f"u/{self._upper}", *self._frozen)
            self._upper += 1
            self._lay()
        snapshot = Snapshot(f"s{next(_numbers)}")
        self._snapshots[snapshot.id] = self._frozen
        return snapshot

    def _lay(self) -> None:
        self._cell.lay(str(self._upper), (*self._frozen, *self._base))
