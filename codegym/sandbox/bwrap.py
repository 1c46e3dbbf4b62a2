"""The embedded sandbox: one bubblewrap box per workspace, with a long-lived runner inside. No daemon, no root.

Three processes make a box. The *keeper* (``runner/keep.c``) holds private user, mount and network namespaces: a
tmpfs of limited size, the overlay of the workspace, a loopback. *bubblewrap* builds the sealed system in a further
set of namespaces. The *runner* (``runner/serve.c``) is its first process and starts commands on request.

What it covers: no network; the host's files, processes, environment and other boxes are not there; the system
is read-only; commands run without any capability, can't gain one, can't make namespaces, and have the system
calls of ``runner/seccomp.h`` refused. Memory, processes, disk, inodes, open files, output and wall time are
limited. When the owner, the keeper or the runner dies, however it dies, the kernel takes the rest.

What it does not cover: the host's kernel is shared, so that a hole in it is a way out; the time of day and the
CPU's model are the host's. Without control groups a box may use all CPUs.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from codegym.errors import SandboxError
from codegym.sandbox.bwrap_host import capabilities, runs_here
from codegym.sandbox.bwrap_system import box_argv, box_binds
from codegym.sandbox.cgroup import Cgroup, make_cgroup
from codegym.sandbox.channel import Channel, SocketWire
from codegym.sandbox.image import BOX_ENV, host_image
from codegym.sandbox.keeper import Keeper, Sources
from codegym.sandbox.laid_box import Kind, LaidBox
from codegym.sandbox.layers import Names
from codegym.sandbox.lease import owner_lease
from codegym.sandbox.memory import Memory
from codegym.sandbox.protocol import Capability, Tree
from codegym.sandbox.residue import Seal, residue
from codegym.sandbox.store import places, stores
from codegym.task import Limits

_OWN_PROCESSES = 3
_numbers = itertools.count(1)


class BwrapBackend:
    """Opens embedded boxes, each of which may use ``cpus`` CPUs.

    Without ``cgroups`` they hold their limits as where no control group may be made.
    """

    name = "bwrap"

    def __init__(self, *, cpus: float = 2.0, cgroups: bool = True) -> None:
        self._cpus = cpus
        self._cgroups = cgroups

    def capabilities(self) -> tuple[Capability, ...]:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        return capabilities()

    def require(self, image: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        host_image(image)

    def open(self, tree: Tree, image: str, limits: Limits) -> LaidBox:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        why_not = runs_here()
        if why_not:
            raise SandboxError(why_not)
        found = host_image(image)
        plan = Plan(limits, stores(tree), box_binds(found), self._cpus, cgroups=self._cgroups)
        return LaidBox(Kind(lambda _: BwrapCell(plan), limits, BOX_ENV | {"PATH": found.path}), tree)


@dataclass(frozen=True)
class Plan:
    """What a cell is made of, whatever tree of ``stores`` is laid in it; ``binds`` are (from, to)."""

    limits: Limits
    stores: tuple[str, ...]
    binds: tuple[tuple[str, str], ...]
    cpus: float
    cgroups: bool


class BwrapCell(Keeper):
    """A keeper and the sealed system below it; see :class:`~codegym.sandbox.laid_box.Cell`."""

    def __init__(self, plan: Plan) -> None:
        limits = plan.limits
        self._stores = plan.stores
        self.group = _cgroup_for(limits, plan.cpus) if plan.cgroups else None
        argv = box_argv(plan.binds, limits, grouped=self.group is not None)
        sources = Sources(plan.stores, tuple(source for source, _ in plan.binds))
        try:
            super().__init__(sources, argv, limits.disk_mb, self.group)
        except BaseException:
            self._drop_group()
            raise
        self.channel = Channel(SocketWire(self.stream), self.why_dead)
        try:
            self.channel.hello()
            self.seal, self.memory = self._seen(limits.memory_mb)
        except BaseException:
            self.end()
            raise

    def holds(self, tree: Tree) -> bool:
        """See :class:`~codegym.sandbox.laid_box.Cell`: every tree that lies in the same stores."""
        return places(tree, self._stores) is not None

    def take(self, tree: Tree) -> Names:
        """See :class:`~codegym.sandbox.laid_box.Cell`."""
        base = places(tree, self._stores)
        if base is None:
            raise SandboxError(f"this box was opened for trees in {self._stores} and can't hold another")
        self.forget()
        return base

    def give(self, other: Keeper, _layers: Names) -> Callable[[str], str]:
        """See :class:`~codegym.sandbox.laid_box.Cell`; all that is on the stage is shared."""
        self.share(other)
        return _moved

    def open(self, name: str) -> int:
        """See :class:`~codegym.sandbox.laid_box.Cell`."""
        return os.open(self.path(name), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def residue(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.laid_box.Cell`."""
        return residue(self, self.group, self.seal)

    def cut(self, why: str) -> None:
        """See :class:`~codegym.sandbox.laid_box.Cell`."""
        self.ending = self.ending or why
        with suppress(OSError):  # it is cut already
            self.stream.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """See :class:`~codegym.sandbox.laid_box.Cell`."""
        self.close()
        self._drop_group()

    def _seen(self, memory_mb: int) -> tuple[Seal, Memory]:
        try:
            seal = Seal.of(self, self.group)
            return seal, Memory(seal.runner, self.path(""), memory_mb, self.group)
        except (OSError, ValueError) as error:
            raise SandboxError(f"the box died as it started: {self.why_dead() or error}") from error

    def _drop_group(self) -> None:
        if self.group is not None:
            self.group.remove()


def _moved(layer: str) -> str:
    """Return where a layer of a box's stage is on the stage of its fork; see :meth:`Keeper.share`."""
    folder, *middle, number = layer.split("/")
    return f"f/0/{number}" if folder == "u" else f"f/{int(middle[0]) + 1}/{number}"


def _cgroup_for(limits: Limits, cpus: float) -> Cgroup | None:
    name = f"{owner_lease().id}-{next(_numbers)}"
    memory = (limits.memory_mb + limits.disk_mb) << 20
    return make_cgroup(name, memory, limits.processes + _OWN_PROCESSES, cpus)
