"""What a program has on the machine: processes, mounts, control groups and folders.

A container's processes are below the engine's shims, not below the program that started it. So a new process
counts if it is below the program or, if the program starts containers, below a new shim; a control group counts if
such a process is in it. A folder counts if its name includes the program's lease; a mount if it is new, whoever
made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from codegym.catalog import cache_dir
from codegym.sandbox.host.lease import lease_of


@dataclass(frozen=True)
class Process:
    """A process. Its time of ``start`` distinguishes it from a later one with the same pid."""

    pid: int
    start: str
    parent: int
    name: str


@dataclass(frozen=True)
class Trace:
    """Processes, mounts, control groups and folders of boxes at one moment."""

    processes: frozenset[Process]
    mounts: frozenset[str]
    cgroups: frozenset[str]
    folders: frozenset[str]

    @classmethod
    def now(cls) -> Self:
        """Return everything on the machine at this moment."""
        processes = frozenset(_processes())
        return cls(
            processes,
            frozenset(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
            frozenset(group for process in processes for group in groups_of(process.pid)),
            frozenset(str(path) for path in (cache_dir() / "docker" / "boxes").glob("*/*")),
        )

    def since(self, before: Trace, owner: int, *, containers: bool) -> Trace:
        """Return what is new since ``before``: processes only if of ``owner``, or in its new ``containers``."""
        parents = {process.pid: process.parent for process in self.processes}
        new = self.processes - before.processes
        shims = {process.pid for process in new if process.name.startswith("containerd-shim")}
        roots, lease = {owner, *(shims if containers else ())}, lease_of(owner)
        owned = {process for process in new if process.pid in roots or _below(process.pid, roots, parents)}
        return Trace(
            frozenset(owned),
            self.mounts - before.mounts,
            frozenset(group for process in owned for group in groups_of(process.pid)) - before.cgroups,
            frozenset(folder for folder in self.folders - before.folders if Path(folder).parent.name == lease),
        )

    def still(self, later: Trace) -> Trace:
        """Return the part of this that still exists in ``later``."""
        return Trace(
            frozenset(
                process for process in later.processes if (process.pid, process.start) in self._identities()
            ),
            self.mounts & later.mounts,
            frozenset(group for group in self.cgroups if Path(group).exists()),
            self.folders & later.folders,
        )

    def _identities(self) -> set[tuple[int, str]]:
        return {(process.pid, process.start) for process in self.processes}

    def counts(self) -> dict[str, int]:
        """Return the number of things per kind."""
        return {name: len(getattr(self, name)) for name in ("processes", "mounts", "cgroups", "folders")}

    def resident_mb(self) -> float:
        """Return the memory of the processes in MB, with shared memory divided among its users (PSS)."""
        return sum(_pss_kb(process.pid) for process in self.processes) / 1024


def _below(pid: int, roots: set[int], parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) > 1:
        if pid in roots:
            return True
    return False


def _processes() -> Iterator[Process]:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            head, _, tail = (path / "stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = tail.split()
        if fields[0] != "Z":
            yield Process(int(path.name), fields[19], int(fields[1]), head.partition("(")[2])


def _pss_kb(pid: int) -> int:
    return sum(int(line.split()[1]) for line in _lines(f"/proc/{pid}/smaps_rollup") if line.startswith("Pss:"))


def groups_of(pid: int) -> Iterator[str]:
    """Yield the folders of a process's control groups, root groups included."""
    for line in _lines(f"/proc/{pid}/cgroup"):
        _, controllers, path = line.split(":", 2)
        place = Path("/sys/fs/cgroup", controllers.removeprefix("name="), path.lstrip("/"))
        if place.is_dir():
            yield str(place)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
