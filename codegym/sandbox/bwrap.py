"""The embedded sandbox: one bubblewrap box per workspace, with a long-lived runner inside. No daemon, no root.

Three processes make a box. The *keeper* (``runner/keep.c``) holds private user and mount namespaces: a tmpfs
of limited size and the overlay of the workspace. *bubblewrap* builds the sealed system in a further set of
namespaces. The *runner* (``runner/serve.c``) is its first process and starts commands on request.

What it covers: no network; the host's files, processes, environment and other boxes are not there; the system
is read-only; commands run without any capability, can't gain one, can't make namespaces, and have the system
calls of ``runner/seccomp.h`` refused. Memory, processes, disk, inodes, open files, output and wall time are
limited. When the owner, the keeper or the runner dies, however it dies, the kernel takes the rest.

What it does not cover: the host's kernel is shared, so that a hole in it is a way out; the time of day and the
CPU's model are the host's; a box may use all CPUs.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from codegym.errors import SandboxError
from codegym.sandbox.bwrap_host import capabilities, runs_here
from codegym.sandbox.bwrap_system import box_argv, box_binds
from codegym.sandbox.cgroup import Cgroup, make_cgroup
from codegym.sandbox.channel import (
    Channel,
    SocketWire,
    Watch,
    as_argv,
    as_result,
    inside,
    read_file,
    remove_file,
    write_file,
)
from codegym.sandbox.image import BOX_ENV, host_image
from codegym.sandbox.keeper import Keeper, Sources
from codegym.sandbox.lease import owner_lease
from codegym.sandbox.memory import Memory
from codegym.sandbox.overlay import changes
from codegym.sandbox.protocol import WORKDIR, Capability, Changes, ExecResult, Snapshot, Tree
from codegym.task import Limits

_OWN_PROCESSES = 3
_numbers = itertools.count(1)

_Layers = tuple[str, ...]
"""Folders on the keeper's stage, topmost first: ``u/3`` was written by this box, ``l/0`` was there before it."""


class BwrapBackend:
    """Opens embedded boxes. Without ``cgroups`` they hold their limits as where no control group may be made."""

    name = "bwrap"

    def __init__(self, *, cgroups: bool = True) -> None:
        self._cgroups = cgroups

    def capabilities(self) -> tuple[Capability, ...]:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        return capabilities()

    def open(self, tree: Tree, image: str, limits: Limits) -> BwrapBox:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        why_not = runs_here()
        if why_not:
            raise SandboxError(why_not)
        found = host_image(image)
        binds = box_binds(found)
        sources = Sources(
            tuple(str(layer.resolve()) for layer in tree.layers), tuple(source for source, _ in binds)
        )
        targets = tuple(target for _, target in binds)
        plan = _Plan(
            tree, found.path, limits, sources, targets, _numbered("l", len(tree.layers)), cgroups=self._cgroups
        )
        return BwrapBox(plan)


@dataclass(frozen=True)
class _Plan:
    """What a box is made of.

    ``sources`` are bound on the keeper's stage, and the binds among them at ``targets`` in the box. ``base``
    are the layers of the base tree, ``frozen`` what the box starts with on top, ``snapshots`` what it inherits.
    """

    tree: Tree
    search_path: str
    limits: Limits
    sources: Sources
    targets: tuple[str, ...]
    base: _Layers
    frozen: _Layers = ()
    snapshots: dict[str, _Layers] = field(default_factory=dict)
    cgroups: bool = True


class BwrapBox:
    """One open box; see :class:`~codegym.sandbox.protocol.Sandbox`."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._env = BOX_ENV | {"PATH": plan.search_path}
        self._upper = 0
        self._frozen = plan.frozen
        self._snapshots = dict(plan.snapshots)
        self._closed = False
        self._cgroup = _cgroup_for(plan.limits) if plan.cgroups else None
        argv = box_argv(plan.targets, plan.limits, grouped=self._cgroup is not None)
        self._keeper = Keeper(plan.sources, argv, plan.limits.disk_mb, self._cgroup)
        self._channel = Channel(SocketWire(self._keeper.stream), self._keeper.why_dead)
        self._memory = Memory(self._keeper.pid, self._keeper.path(""), plan.limits.memory_mb, self._cgroup)
        try:
            self._channel.hello()
            self._lay()
        except BaseException:
            self.close()
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
        self._check_open()
        limits = self._plan.limits
        ended = self._channel.run(
            as_argv(command),
            cwd=inside(cwd),
            env=self._env | dict(env or {}),
            stdin=stdin,
            timeout=limits.command_seconds if timeout is None else timeout,
            keep=limits.output_kb << 10,
            watch=Watch(self._memory.exceeded),
        )
        return as_result(ended, oom=ended.code != 0 and self._memory.new_oom_kills())

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """Start a service that lives on between commands, until :meth:`restore` or :meth:`close`.

        It starts in ``/`` and must not keep files of the workspace open. Returns its pid in the box; whether
        the program could be started shows only in what it does.
        """
        self._check_open()
        return self._channel.spawn(argv, env=self._env | dict(env or {}))

    def socket_path(self, name: str) -> Path:
        """Return the host's path of ``/tmp/<name>`` in the box, to connect to a service's unix socket with."""
        return self._keeper.path("tmp") / name

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._check_open()
        return read_file(self._channel, path, self._plan.limits.disk_mb << 20)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._check_open()
        write_file(self._channel, path, content, executable=executable)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._check_open()
        remove_file(self._channel, path)

    def snapshot(self) -> Snapshot:
        """Freeze the upper layer and lay a new one over it; nothing is copied."""
        self._check_open()
        if any(self._keeper.path(f"u/{self._upper}").iterdir()):
            self._frozen = (f"u/{self._upper}", *self._frozen)
            self._upper += 1
            self._lay()
        snapshot = Snapshot(f"s{next(_numbers)}")
        self._snapshots[snapshot.id] = self._frozen
        return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        """Kill all, empty ``/tmp``, drop the upper layer and lay a new one over the snapshot's."""
        self._check_open()
        if snapshot.id not in self._snapshots:
            raise SandboxError(f"snapshot {snapshot.id!r} was not made by this box or one that it was forked from")
        self._channel.kill_all()
        dropped = self._upper
        self._frozen = self._snapshots[snapshot.id]
        self._upper += 1
        self._lay()
        self._keeper.drop(str(dropped))
        self._keeper.clean()

    def fork(self) -> BwrapBox:
        """Open a box whose lower layers are this one's, shared; what either writes from now on is its own."""
        snapshot = self.snapshot()
        frozen = dict.fromkeys(layer for layers in self._snapshots.values() for layer in layers)
        layers = (*frozen, *self._plan.base)
        moved = dict(zip(layers, _numbered("l", len(layers)), strict=True))
        snapshots = {name: tuple(moved[layer] for layer in kept) for name, kept in self._snapshots.items()}
        plan = replace(
            self._plan,
            sources=Sources(layers, _numbered("b", len(self._plan.targets)), join=self._keeper.pid),
            base=tuple(moved[layer] for layer in self._plan.base),
            frozen=snapshots[snapshot.id],
            snapshots=snapshots,
        )
        return BwrapBox(plan)

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._check_open()
        uppers: list[int] = []
        try:
            for name in reversed((f"u/{self._upper}", *self._frozen)):
                uppers.append(os.open(self._keeper.path(name), os.O_RDONLY | os.O_DIRECTORY))
            return changes(uppers, self._plan.tree.layers, self._plan.limits.disk_mb << 20)
        finally:
            for upper in uppers:
                os.close(upper)

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        if self._closed:
            return
        self._closed = True
        self._keeper.close()
        if self._cgroup is not None:
            self._cgroup.remove()

    def _lay(self) -> None:
        self._keeper.lay(str(self._upper), (*self._frozen, *self._plan.base))

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxError("the box is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _numbered(folder: str, count: int) -> tuple[str, ...]:
    return tuple(f"{folder}/{number}" for number in range(count))


def _cgroup_for(limits: Limits) -> Cgroup | None:
    name = f"{owner_lease().id}-{next(_numbers)}"
    return make_cgroup(name, (limits.memory_mb + limits.disk_mb) << 20, limits.processes + _OWN_PROCESSES)
