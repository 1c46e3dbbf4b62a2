"""The embedded sandbox: one bubblewrap box per workspace, with a long-lived runner inside. No daemon, no root.

Three processes make a box. The *keeper* (``runner/keep.c``) has private user, mount and network namespaces, with a
*stage* to write on, the box's root, the overlay of the workspace, and a loopback. *bubblewrap* seals that in a
further set of namespaces. The *runner* (``runner/serve.c``) is the first process in them and starts commands on
request.

What it covers. There is no network. The host's files, processes and environment and other boxes are not visible.
The system is read-only. Commands run without any capability, can't gain one, can't make namespaces, and the system
calls of ``runner/seccomp.c`` are denied. Memory, processes, disk, inodes, open files, output and wall time are
limited. When the owner, the keeper or the runner dies, however it dies, the kernel ends the others.

The stage is a tmpfs of limited size. Before Linux 6.6 a tmpfs can't store an overlay's marks; there the stage is a
folder in the cache, deleted with the box or otherwise with its owner's lease, and the disk limit is watched
(``host/disk.py``).

With control groups, pages of the host's files that a box was the first to read leave memory with the box. Calls
that show or move such pages are denied, and no box can set the time of a file or device that others see.

What it does not cover. The host's kernel is shared: a hole in it is a way out. The time of day and the CPU's model
are the host's. Boxes that run at the same time can communicate: by load, by locks on and watches of files of
``/usr`` that both see, by which of their pages are in memory. Without control groups a box may use all CPUs,
leaves pages in memory, and the buffers of its sockets are not counted.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

from codegym.errors import SandboxError
from codegym.sandbox.bwrap.capabilities import capabilities, why_unavailable
from codegym.sandbox.bwrap.keeper import Keeper, Sources
from codegym.sandbox.bwrap.residue import BwrapBaseline, OwnProcesses
from codegym.sandbox.bwrap.stage import PLACES, Place, disk_stage, stage_place
from codegym.sandbox.bwrap.system import MASKED, box_argv, box_binds, box_hidden, box_links
from codegym.sandbox.host.cgroup import cgroup_roots, named_cgroup
from codegym.sandbox.host.disk import DiskWatch
from codegym.sandbox.host.folder import Family
from codegym.sandbox.host.lease import owner_lease
from codegym.sandbox.host.memory import Memory
from codegym.sandbox.image.image import BOX_ENV, host_image
from codegym.sandbox.layered.box import BoxKind, LaidBox
from codegym.sandbox.layered.channel import Channel, SocketWire
from codegym.sandbox.layered.layers import Names
from codegym.sandbox.layered.residue import fixed_settings
from codegym.sandbox.layered.store import layer_names, stores
from codegym.sandbox.protocol import Capability, Tree
from codegym.task import Limits

_OWN_PROCESSES = 3
"""How many processes of a box are ours and not the user's: keeper, bubblewrap, runner."""

_numbers = itertools.count(1)


class BwrapBackend:
    """Opens embedded boxes, each of which may use ``cpus`` CPUs.

    ``cgroups=False`` enforces limits as on a machine without control groups: per process, with a watcher.
    ``stage`` says where boxes write; ``auto`` is in memory if that works, otherwise on disk.
    """

    name = "bwrap"

    def __init__(
        self, *, cpus: float = 2.0, cgroups: bool = True, stage: Literal["auto", "memory", "disk"] = "auto"
    ) -> None:
        self._cpus = cpus
        self._cgroups = cgroups
        self._places: tuple[Place, ...] = PLACES if stage == "auto" else (stage,)

    def capabilities(self) -> tuple[Capability, ...]:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        return capabilities(self._places, cgroups=self._cgroups)

    def require(self, image: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        host_image(image)

    def open(self, tree: Tree, image: str, limits: Limits) -> LaidBox:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        if why_not := why_unavailable(self._places):
            raise SandboxError(why_not)
        toolchain = host_image(image)
        on_disk = stage_place(self._places) == "disk"
        grouped = self._cgroups and bool(cgroup_roots())
        binds = box_binds(toolchain, grouped=grouped)
        settings = CellSettings(limits, stores(tree), binds, self._cpus, grouped=grouped, on_disk=on_disk)
        return LaidBox(BoxKind(partial(BwrapCell, settings), limits, BOX_ENV | {"PATH": toolchain.path}), tree)


@dataclass(frozen=True)
class CellSettings:
    """The settings of a cell, the same for every tree in ``stores``. ``binds`` are (from, to).

    ``grouped``: control groups enforce its limits. ``on_disk``: it writes on disk.
    """

    limits: Limits
    stores: tuple[str, ...]
    binds: tuple[tuple[str, str], ...]
    cpus: float
    grouped: bool
    on_disk: bool = False


class BwrapCell(Keeper):
    """A keeper and the box that it starts; see :class:`~codegym.sandbox.layered.box.Cell`."""

    def __init__(self, settings: CellSettings, tree: Tree) -> None:
        limits = settings.limits
        self._stores, self._last_names = settings.stores, (tree, layer_names(tree, settings.stores))
        self._was_loaded, self._baseline = False, BwrapBaseline()
        self._own_stage, self._shared_stages = disk_stage() if settings.on_disk else None, list[Family]()
        self.group = named_cgroup(f"{owner_lease().id}-{next(_numbers)}") if settings.grouped else None
        writes = self.group.setup_writes(*_group_limits(settings)) if self.group else ()
        stage = self._own_stage.folder if self._own_stage else None
        sources = Sources(settings.stores, settings.binds, box_links(), box_hidden(settings.binds), MASKED, stage)
        try:
            super().__init__(sources, box_argv(limits, grouped=settings.grouped), limits.disk_mb, writes)
        except BaseException:
            self._free_host()
            raise
        self.channel = Channel(SocketWire(self.stream), self.why_dead)
        self.disk = DiskWatch(stage, limits.disk_mb) if stage else None
        try:
            self.lay_soon("0", self._names(tree) or ())
            self.channel.hello()
            self.memory = self._watch_memory(limits.memory_mb)
        except BaseException:
            self.end()
            raise

    def can_load(self, tree: Tree) -> bool:
        """See :class:`~codegym.sandbox.layered.box.Cell`: every tree in the same stores."""
        return self._names(tree) is not None

    def load(self, tree: Tree) -> Names:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        base = self._names(tree)
        if base is None:
            raise SandboxError(f"this box was opened for trees in {self._stores} and can't load another")
        if self._was_loaded:
            self.forget()
        self._was_loaded = True
        self._leave_shared_stages()
        return base

    def share_layers(self, other: BwrapCell, _layers: Names) -> Callable[[str], str]:
        """See :class:`~codegym.sandbox.layered.box.Cell`. Shares all layers on the stage."""
        for stage in [self._own_stage, *self._shared_stages]:
            if stage:
                stage.join()
                other._shared_stages.append(stage)
        self.share(other)
        return _name_in_fork

    def open(self, name: str) -> int:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        return os.open(self.path(name), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def record_baseline(self) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self._baseline = BwrapBaseline(fixed_settings(self.own_processes.runner, self.group))

    def residue(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        return self._baseline.residue(self, self.group, self.own_processes)

    def cut(self, why: str) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self.ending = self.ending or why
        with suppress(OSError):  # it is cut already
            self.stream.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self.close()
        self._free_host()

    def _names(self, tree: Tree) -> Names | None:
        """Return the names of the tree's layers on the stage, ``None`` if it is in another store.

        The last is kept.
        """
        if self._last_names[0] != tree:
            self._last_names = (tree, layer_names(tree, self._stores))
        return self._last_names[1]

    @cached_property
    def own_processes(self) -> OwnProcesses:
        """The processes of the box that are not its user's."""
        return OwnProcesses.of(self)

    def _watch_memory(self, memory_mb: int) -> Memory:
        try:
            in_memory = None if self.disk else self.path("")
            return Memory(0 if self.group else self.own_processes.runner, in_memory, memory_mb, self.group)
        except (OSError, ValueError) as error:
            raise SandboxError(f"the box died as it started: {self.why_dead() or error}") from error

    def _free_host(self) -> None:
        """Remove the box's control group and folder. None of its processes may run any more."""
        try:
            if self.group is not None:
                self.group.remove()
        finally:
            stage, self._own_stage = self._own_stage, None
            self._leave_shared_stages()
            if stage:
                stage.leave()

    def _leave_shared_stages(self) -> None:
        while self._shared_stages:
            self._shared_stages.pop().leave()


def _name_in_fork(layer: str) -> str:
    """Return a layer's name on the stage of a fork of this box; see :meth:`Keeper.share`."""
    folder, *middle, number = layer.split("/")
    return f"f/0/{number}" if folder == "u" else f"f/{int(middle[0]) + 1}/{number}"


def _group_limits(settings: CellSettings) -> tuple[int, int, float]:
    """Return the bytes of memory, the processes and the processors that a box's control groups allow."""
    limits = settings.limits
    memory_mb = limits.memory_mb + (0 if settings.on_disk else limits.disk_mb)
    return memory_mb << 20, limits.processes + _OWN_PROCESSES, settings.cpus
