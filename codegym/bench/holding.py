"""What one run has on the machine, identified by its lease, since other runs start and end at the same time.

The names of control groups (of embedded boxes) and the labels of containers include their owner's lease, and every
process of a box is in one of them. So the leftovers of a killed owner can be found without a list of its
processes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from codegym.bench.trace import Trace, groups_of
from codegym.catalog import cache_dir
from codegym.sandbox.docker import census as docker_census
from codegym.sandbox.host.cgroup import cgroup_roots
from codegym.sandbox.host.lease import lease_of

_ENGINE_SECONDS = 30.0
_ROLES = {"keep": "keeper", "bwrap": "box's init", "serve": "runner"}


@dataclass(frozen=True)
class Victim:
    """A process that keeps a box alive, and the name of that box's control group or container."""

    role: str
    pid: int
    box: str


@dataclass
class Holding:
    """Everything that the run with a ``lease`` has on the machine. ``docker``: its boxes are containers."""

    lease: str
    docker: bool
    _containers: set[str] = field(default_factory=set)
    _mounts: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, pid: int, *, docker: bool) -> Self | None:
        """Return the holding of the live process ``pid``, or ``None`` if it has no lease yet."""
        lease = lease_of(pid)
        return None if lease is None else cls(lease, docker)

    def victims(self) -> list[Victim]:
        """Return the processes that keep its boxes alive."""
        return list(self._in_containers() if self.docker else self._in_groups())

    def record_containers(self) -> None:
        """Record its containers and their mounts, so that :meth:`leftovers` finds them after a kill."""
        for name in self._open_containers():
            self._containers.add(name)
            container = docker_census.container(name, _ENGINE_SECONDS)
            self._mounts |= {container.mount} if container and container.mount else set()

    def leftovers(self) -> set[str]:
        """Return one line per thing that still exists, the lease itself included."""
        containers = self._open_containers()
        names = [self._box, *(self._containers | containers)]
        paths = (cache_dir() / "leases" / f"{self.lease}.lease", cache_dir() / "docker" / "boxes" / self.lease)
        lines = {f"container {name}" for name in containers} | {f"{path}" for path in paths if path.exists()}
        now = Trace.now()
        lines |= {f"mount {mount}" for mount in self._mounts & now.mounts}
        return lines | _groups("|".join(names), now)

    def leftovers_of(self, box: str) -> set[str]:
        """Return one line per thing of one of its boxes that still exists."""
        containers = self._open_containers()
        return {f"container {name}" for name in containers & {box}} | _groups(f"{box}$", Trace.now())

    def _open_containers(self) -> set[str]:
        if not self.docker:
            return set()
        leases = docker_census.open_containers(_ENGINE_SECONDS)
        return {name for name, lease in leases.items() if lease == self.lease}

    def _in_groups(self) -> Iterator[Victim]:
        for process in Trace.now().processes:
            role = _ROLES.get(process.name)
            boxes = [name for group in groups_of(process.pid) for name in re.findall(self._box, group)]
            if role and boxes:
                yield Victim(role, process.pid, boxes[0])

    @property
    def _box(self) -> str:
        return rf"codegym-{self.lease}-\d+$"

    def _in_containers(self) -> Iterator[Victim]:
        for name in self._open_containers():
            if container := docker_census.container(name, _ENGINE_SECONDS):
                yield Victim("container's init", container.pid, name)


def _groups(pattern: str, now: Trace) -> set[str]:
    """Return one line per control group whose path matches ``pattern``, and one if it contains processes."""
    paths = {str(path) for root in cgroup_roots() for path in root.glob("codegym-*")}
    lines = {f"control group {path}" for path in paths if re.search(pattern, path)}
    return lines | {f"processes in {path}" for path in now.cgroups if re.search(pattern, path)}
