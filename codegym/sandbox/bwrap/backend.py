"""The embedded sandbox: one bubblewrap box per workspace, with a long-lived runner inside. No daemon, no root.

Three processes make a box. The *keeper* (``runner/keep.c``) holds private user, mount and network namespaces: a
*stage* to write on, the box's root, the overlay of the workspace, a loopback. *bubblewrap* seals that in a further
set of namespaces. The *runner* (``runner/serve.c``) is its first process and starts commands on request.

What it covers: no network; the host's files, processes, environment and other boxes are not there; the system
is read-only; commands run without any capability, can't gain one, can't make namespaces, and have the system
calls of ``runner/seccomp.c`` refused. Memory, processes, disk, inodes, open files, output and wall time are
limited. When the owner, the keeper or the runner dies, however it dies, the kernel takes the rest.

The stage is a tmpfs of limited size. Before Linux 6.6 that can't hold an overlay's marks; there it is a folder in
the cache, deleted with the box, else with its owner's lease, and the disk limit is watched (``host/disk.py``).

The pages of the host's files that a box brought into memory leave it with the box, where there are control groups.
Calls that show or move such pages are refused, and no box can set the time of a file or device that others see.

What it does not cover: the host's kernel is shared, so that a hole in it is a way out; the time of day and the
CPU's model are the host's. Boxes that run at the same time can talk: by load, by locks on and watches of the files
of ``/usr`` that both see, by which of their pages are in memory. Without control groups a box may use all CPUs,
leaves pages in memory, and what its sockets hold in buffers is counted by nobody.
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
from codegym.sandbox.bwrap.host import capabilities, runs_here
from codegym.sandbox.bwrap.keeper import Keeper, Sources
from codegym.sandbox.bwrap.residue import Inside, Seal
from codegym.sandbox.bwrap.stage import PLACES, Place, disk_stage, stage_place
from codegym.sandbox.bwrap.system import MASKED, box_argv, box_binds, box_hidden, box_links
from codegym.sandbox.host.cgroup import cgroup_roots, named_cgroup
from codegym.sandbox.host.disk import DiskWatch
from codegym.sandbox.host.folder import Family
from codegym.sandbox.host.lease import owner_lease
from codegym.sandbox.host.memory import Memory
from codegym.sandbox.image.image import BOX_ENV, host_image
from codegym.sandbox.layered.box import Kind, LaidBox
from codegym.sandbox.layered.channel import Channel, SocketWire
from codegym.sandbox.layered.layers import Names
from codegym.sandbox.layered.residue import fixed
from codegym.sandbox.layered.store import places, stores
from codegym.sandbox.protocol import Capability, Tree
from codegym.task import Limits

_OWN_PROCESSES = 3
_numbers = itertools.count(1)


class BwrapBackend:
    """Opens embedded boxes, each of which may use ``cpus`` CPUs.

    Without ``cgroups`` they hold their limits as where no control group may be made. ``stage`` insists on where
    they write; by default it is memory where that works, else disk.
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
        why_not = runs_here(self._places)
        if why_not:
            raise SandboxError(why_not)
        found = host_image(image)
        on_disk = stage_place(self._places) == "disk"
        grouped = self._cgroups and bool(cgroup_roots())
        binds = box_binds(found, grouped=grouped)
        plan = Plan(limits, stores(tree), binds, self._cpus, grouped=grouped, on_disk=on_disk)
        return LaidBox(Kind(partial(BwrapCell, plan), limits, BOX_ENV | {"PATH": found.path}), tree)


@dataclass(frozen=True)
class Plan:
    """What a cell is made of, whatever tree of ``stores`` is laid in it; ``binds`` are (from, to).

    ``grouped``: control groups hold its limits.
    """

    limits: Limits
    stores: tuple[str, ...]
    binds: tuple[tuple[str, str], ...]
    cpus: float
    grouped: bool
    on_disk: bool = False


class BwrapCell(Keeper):
    """A keeper and the sealed system below it; see :class:`~codegym.sandbox.layered.box.Cell`."""

    def __init__(self, plan: Plan, tree: Tree) -> None:
        limits = plan.limits
        self._stores, self._found = plan.stores, (tree, places(tree, plan.stores))
        self._taken, self._seal = False, Seal()
        self._own, self._others = disk_stage() if plan.on_disk else None, list[Family]()
        self.group = named_cgroup(f"{owner_lease().id}-{next(_numbers)}") if plan.grouped else None
        writes = self.group.making(*_shares(plan)) if self.group else ()
        stage = self._own.folder if self._own else None
        sources = Sources(plan.stores, plan.binds, box_links(), box_hidden(plan.binds), MASKED, stage)
        try:
            super().__init__(sources, box_argv(limits, grouped=plan.grouped), limits.disk_mb, writes)
        except BaseException:
            self._give_back()
            raise
        self.channel = Channel(SocketWire(self.stream), self.why_dead)
        self.disk = DiskWatch(stage, limits.disk_mb) if stage else None
        try:
            self.lay_soon("0", self._names(tree) or ())
            self.channel.hello()
            self.memory = self._watched(limits.memory_mb)
        except BaseException:
            self.end()
            raise

    def holds(self, tree: Tree) -> bool:
        """See :class:`~codegym.sandbox.layered.box.Cell`: every tree that lies in the same stores."""
        return self._names(tree) is not None

    def take(self, tree: Tree) -> Names:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        base = self._names(tree)
        if base is None:
            raise SandboxError(f"this box was opened for trees in {self._stores} and can't hold another")
        if self._taken:
            self.forget()
        self._taken = True
        self._leave_others()
        return base

    def give(self, other: BwrapCell, _layers: Names) -> Callable[[str], str]:
        """See :class:`~codegym.sandbox.layered.box.Cell`; all that is on the stage is shared."""
        for stage in [self._own, *self._others]:
            if stage:
                stage.join()
                other._others.append(stage)
        self.share(other)
        return _moved

    def open(self, name: str) -> int:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        return os.open(self.path(name), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def look(self) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self._seal = Seal(fixed(self.inside.runner, self.group))

    def residue(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        return self._seal.broken(self, self.group, self.inside)

    def cut(self, why: str) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self.ending = self.ending or why
        with suppress(OSError):  # it is cut already
            self.stream.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self.close()
        self._give_back()

    def _names(self, tree: Tree) -> Names | None:
        if self._found[0] != tree:
            self._found = (tree, places(tree, self._stores))
        return self._found[1]

    @cached_property
    def inside(self) -> Inside:
        """The processes of the box that are not its user's."""
        return Inside.of(self)

    def _watched(self, memory_mb: int) -> Memory:
        try:
            in_memory = None if self.disk else self.path("")
            return Memory(0 if self.group else self.inside.runner, in_memory, memory_mb, self.group)
        except (OSError, ValueError) as error:
            raise SandboxError(f"the box died as it started: {self.why_dead() or error}") from error

    def _give_back(self) -> None:
        """Give back what the box has on the host, none of whose processes may run any more."""
        try:
            if self.group is not None:
                self.group.remove()
        finally:
            stage, self._own = self._own, None
            self._leave_others()
            if stage:
                stage.leave()

    def _leave_others(self) -> None:
        while self._others:
            self._others.pop().leave()


def _moved(layer: str) -> str:
    """Return where a layer of a box's stage is on the stage of its fork; see :meth:`Keeper.share`."""
    folder, *middle, number = layer.split("/")
    return f"f/0/{number}" if folder == "u" else f"f/{int(middle[0]) + 1}/{number}"


def _shares(plan: Plan) -> tuple[int, int, float]:
    """Return the bytes of memory, the processes and the processors that a box's control groups allow."""
    limits = plan.limits
    memory_mb = limits.memory_mb + (0 if plan.on_disk else limits.disk_mb)
    return memory_mb << 20, limits.processes + _OWN_PROCESSES, plan.cpus
