"""What one run has on the machine, told by its lease from what others have, who come and go beside it.

The control groups of embedded boxes and the engine's containers carry the lease of their owner, and every process
of a box is in one of them. So nobody has to know which processes there were when their owner was killed.
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
    """A process that keeps a box up, and the name of that box's control group or container."""

    role: str
    pid: int
    box: str


@dataclass
class Holding:
    """All that the run with a ``lease`` has. ``docker``: its boxes are containers."""

    lease: str
    docker: bool
    _containers: set[str] = field(default_factory=set)
    _mounts: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, pid: int, *, docker: bool) -> Self | None:
        """Return what the live process ``pid`` has, once it has a lease."""
        found = lease_of(pid)
        return None if found is None else cls(found, docker)

    def victims(self) -> list[Victim]:
        """Return the processes that keep its boxes up."""
        return list(self._in_containers() if self.docker else self._in_groups())

    def learn(self) -> None:
        """Note its containers and what is mounted for them, to look for them once nobody says whose they are."""
        for name in self._open_containers():
            self._containers.add(name)
            found = docker_census.container(name, _ENGINE_SECONDS)
            self._mounts |= {found.mount} if found and found.mount else set()

    def left(self) -> set[str]:
        """Return a line for each thing of it that is there, the lease itself included."""
        containers = self._open_containers()
        names = [self._box, *(self._containers | containers)]
        kept = (cache_dir() / "leases" / f"{self.lease}.lease", cache_dir() / "docker" / "boxes" / self.lease)
        found = {f"container {name}" for name in containers} | {f"{path}" for path in kept if path.exists()}
        now = Trace.now()
        found |= {f"mount {mount}" for mount in self._mounts & now.mounts}
        return found | _groups("|".join(names), now)

    def left_of(self, box: str) -> set[str]:
        """Return a line for each thing of one of its boxes that is there."""
        containers = self._open_containers()
        return {f"container {name}" for name in containers & {box}} | _groups(f"{box}$", Trace.now())

    def _open_containers(self) -> set[str]:
        if not self.docker:
            return set()
        found = docker_census.open_containers(_ENGINE_SECONDS)
        return {name for name, lease in found.items() if lease == self.lease}

    def _in_groups(self) -> Iterator[Victim]:
        for process in Trace.now().processes:
            role = _ROLES.get(process.name)
            boxes = [found for group in groups_of(process.pid) for found in re.findall(self._box, group)]
            if role and boxes:
                yield Victim(role, process.pid, boxes[0])

    @property
    def _box(self) -> str:
        return rf"codegym-{self.lease}-\d+$"

    def _in_containers(self) -> Iterator[Victim]:
        for name in self._open_containers():
            if found := docker_census.container(name, _ENGINE_SECONDS):
                yield Victim("container's init", found.pid, name)


def _groups(pattern: str, now: Trace) -> set[str]:
    """Return the control groups whose path ``pattern`` is found in, and whether processes are in them."""
    there = {str(path) for root in cgroup_roots() for path in root.glob("codegym-*")}
    found = {f"control group {path}" for path in there if re.search(pattern, path)}
    return found | {f"processes in {path}" for path in now.cgroups if re.search(pattern, path)}
