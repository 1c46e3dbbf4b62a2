"""Control groups: limits on memory, processes and processors of a whole box, with version 1 or 2.

Where this process may not make groups, :mod:`codegym.sandbox.bwrap.backend` uses limits per process and a watcher
instead, and reports it in its capabilities.

A box's group is removed with the box; otherwise with its owner's lease; otherwise (if the owner's cache was
deleted, and the lease with it) because no process is in it: the group of an open box always contains its keeper.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegym.errors import SandboxError
from codegym.sandbox.host.kernel import read_kernel_file

_MOUNT = Path("/sys/fs/cgroup")
_CPU_PERIOD = 100_000
"""Microseconds over which processor time is counted: the kernel's own default."""

_SOCKETS = "memory.kmem.tcp"
"""Prefix of version 1's files about buffers of TCP and UDP: counted separately, and only if they are limited."""

_REMOVE_SECONDS = 10.0
"""How long the processes of a closed box may take to end."""


@dataclass(frozen=True)
class Cgroup:
    """One box's control groups, as their folders. In version 2 they are the same folder.

    ``cpu`` is ``None`` if processor time can't be limited.
    """

    memory: Path
    pids: Path
    cpu: Path | None
    v2: bool

    @property
    def folders(self) -> set[Path]:
        """All folders, each once."""
        return {self.memory, self.pids, *([self.cpu] if self.cpu else [])}

    def setup_writes(self, memory_bytes: int, processes: int, cpus: float) -> list[tuple[str, str]]:
        """Return the writes by which a process with one thread makes the groups and enters them, in order.

        Each is (file, text). An empty text means: make this folder. A file that begins with ``-`` may be missing.
        In version 1, ``tasks`` moves only the writing thread, which saves the milliseconds in which the kernel
        would make sure that no process forks.
        """
        folders = [str(folder) for folder in sorted(self.folders)]
        limit, swap = ("max", "swap.max") if self.v2 else ("limit_in_bytes", "memsw.limit_in_bytes")
        return [
            *((folder, "") for folder in folders),
            (f"{self.memory}/memory.{limit}", str(memory_bytes)),
            (f"-{self.memory}/memory.{swap}", "0" if self.v2 else str(memory_bytes)),
            *(() if self.v2 else ((f"-{self.memory}/{_SOCKETS}.limit_in_bytes", str(memory_bytes)),)),
            (f"{self.pids}/pids.max", str(processes)),
            *(_cpu_limit(self.cpu, cpus, v2=self.v2) if self.cpu else ()),
            *((f"{folder}/{'cgroup.procs' if self.v2 else 'tasks'}", "0") for folder in folders),
        ]

    def used(self) -> int:
        """Return the box's bytes of memory: with files on a tmpfs and socket buffers, without page cache."""
        fields = dict(line.split() for line in read_kernel_file(f"{self.memory}/memory.stat").splitlines())
        return int(fields["anon" if self.v2 else "rss"]) + int(fields["shmem"]) + self._sockets(fields)

    def _sockets(self, fields: Mapping[str, str]) -> int:
        if self.v2:
            return int(fields.get("sock", 0))
        try:
            return int(read_kernel_file(f"{self.memory}/{_SOCKETS}.usage_in_bytes"))
        except FileNotFoundError:
            return 0

    def oom_kills(self) -> int:
        """Return how many processes of the group the kernel has killed for lack of memory."""
        name = "memory.events" if self.v2 else "memory.oom_control"
        fields = dict(line.split() for line in read_kernel_file(f"{self.memory}/{name}").splitlines())
        return int(fields.get("oom_kill", 0))

    def limit_sockets(self, memory_bytes: int) -> None:
        """Limit the buffers of sockets, for a group of version 1 that a Docker engine made.

        No engine does that: runc ignores Docker's setting. If this process may not write to the group, nothing
        happens.
        """
        if not self.v2:
            with suppress(FileNotFoundError, PermissionError):
                Path(f"{self.memory}/{_SOCKETS}.limit_in_bytes").write_text(str(memory_bytes))

    def drop_pages(self) -> None:
        """Remove from memory the pages of files that only this group has read.

        Boxes share the host's files. Which of their pages are in memory could be a message from one box to the
        next: a reader measures it by the time a read takes and by its page faults. The kernel charges a page to
        the group that reads it first, so the pages that a box was the first to read go with the box.
        """
        _drop_pages(self.memory)

    def drop_pages_once_empty(self, seconds: float) -> None:
        """Wait at most ``seconds`` until no process is in a group of an engine, then drop its pages."""
        deadline = time.monotonic() + seconds
        with suppress(OSError):  # it is removed already
            while read_kernel_file(f"{self.memory}/cgroup.procs") and time.monotonic() < deadline:
                time.sleep(0.0005)
            self.drop_pages()

    def limits(self) -> list[str]:
        """Return the limits that the kernel enforces, one line per file."""
        names = (
            ("memory.max", "memory.swap.max")
            if self.v2
            else ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", f"{_SOCKETS}.limit_in_bytes")
        )
        files = [(self.memory, name) for name in names] + [(self.pids, "pids.max")]
        files += [(self.cpu, name) for name in ("cpu.max", "cpu.cfs_quota_us")] if self.cpu else []
        limits = []
        for folder, name in files:
            with suppress(FileNotFoundError):
                limits.append(f"{name} {read_kernel_file(f'{folder}/{name}').strip()}")
        return limits

    def remove(self) -> None:
        """Kill the processes in the groups and remove the groups. Raises :class:`SandboxError` if that fails."""
        if left := _remove(self.folders, _REMOVE_SECONDS):
            raise SandboxError(f"the control group {left[0]} can't be removed: a process in it can't be killed")


def named_cgroup(name: str) -> Cgroup | None:
    """Return the groups ``codegym-<name>``, not made yet, or ``None`` if this process may not make groups."""
    roots = cgroup_roots()
    if not roots:
        return None
    memory, pids, cpu = (root / f"codegym-{name}" for root in (roots[0], roots[min(1, len(roots) - 1)], roots[-1]))
    return Cgroup(memory, pids, cpu if limits_cpu() else None, v2=len(roots) == 1)


def _cpu_limit(folder: Path, cpus: float, *, v2: bool) -> tuple[tuple[str, str], ...]:
    """Return the writes that limit a group to ``cpus`` and give it the niceness of this process."""
    quota, nice = str(int(cpus * _CPU_PERIOD)), os.getpriority(os.PRIO_PROCESS, 0)
    if v2:
        return (f"{folder}/cpu.max", f"{quota} {_CPU_PERIOD}"), (f"{folder}/cpu.weight.nice", str(nice))
    return (f"{folder}/cpu.cfs_quota_us", quota), (f"{folder}/cpu.shares", str(int(1024 / 1.25**nice)))


def remove_cgroups(roots: Iterable[Path], lease: str, seconds: float) -> bool:
    """Remove every group below ``roots`` that belongs to ``lease``, whose owner is gone.

    Return whether all were removed within ``seconds``. A group with a process that hangs in the kernel stays.
    """
    return not _remove([folder for root in roots for folder in root.glob(f"codegym-{lease}-*")], seconds)


def sweep_cgroups(*, everywhere: bool = False, age: float = 10.0) -> int:
    """Remove the groups of boxes without a process in them, whoever made them. Return how many.

    Search below :func:`cgroup_roots`, or ``everywhere`` on this machine. Groups younger than ``age`` seconds stay:
    their box may be about to start.
    """
    folders = _MOUNT.rglob("codegym-*") if everywhere else (f for r in cgroup_roots() for f in r.glob("codegym-*"))
    return sum(_age(folder) > age and _try_remove(folder) for folder in list(folders))


@lru_cache(maxsize=1)
def cgroup_roots() -> tuple[Path, ...]:
    """Return the folders in which groups can be made: ``(memory, pids[, cpu])`` for v1, one for v2, or none."""
    for roots in (_v2_roots(), _v1_roots("memory", "pids", "cpu"), _v1_roots("memory", "pids")):
        if roots and all(os.access(root, os.W_OK | os.X_OK) for root in roots):
            return roots
    return ()


@lru_cache(maxsize=1)
def limits_cpu() -> bool:
    """Return whether groups made here can limit processor time."""
    roots = cgroup_roots()
    if len(roots) == 1:
        return "cpu" in (roots[0] / "cgroup.subtree_control").read_text().split()
    return len(roots) == 3 and (roots[-1] / "cpu.cfs_quota_us").exists()


def _own_group(controller: str) -> str | None:
    """Return the group of this process below the mount of ``controller``; an empty name stands for version 2."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return path
    return None


def _v1_roots(*controllers: str) -> tuple[Path, ...]:
    roots = []
    for controller in controllers:
        mount, own = _MOUNT / controller, _own_group(controller)
        if own is None or not (mount / "cgroup.procs").exists():
            return ()
        inner = mount / own.lstrip("/")
        roots.append(inner if inner.is_dir() else mount)
    return tuple(roots)


def _v2_roots() -> tuple[Path, ...]:
    """Return the nearest writable folder at or above our own group whose children get ``memory`` and ``pids``."""
    own = _own_group("")
    if own is None or not (_MOUNT / "cgroup.subtree_control").exists():
        return ()
    folder = _MOUNT / own.lstrip("/")
    while folder != _MOUNT.parent:
        control = folder / "cgroup.subtree_control"
        enabled = control.read_text().split() if control.exists() else []
        if {"memory", "pids"} <= set(enabled) and os.access(folder / "cgroup.procs", os.W_OK):
            return (folder,)
        folder = folder.parent
    return ()


def _remove(folders: Collection[Path], seconds: float) -> list[Path]:
    """Kill the processes in groups and remove the groups; return those that still exist after ``seconds``."""
    deadline, pause = time.monotonic() + seconds, 0.0005
    left = [folder for folder in folders if not _try_remove(folder)]
    while left and time.monotonic() < deadline:
        if pause > 0.01:
            for folder in left:
                _kill(folder)
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
        left = [folder for folder in left if not _try_remove(folder)]
    return left


def _try_remove(folder: Path) -> bool:
    """Remove a group if no process is in it and we may; return whether it is gone."""
    try:
        if not read_kernel_file(f"{folder}/cgroup.procs"):
            _drop_pages(folder)
        folder.rmdir()
    except OSError:
        return not folder.is_dir()
    return True


def _drop_pages(folder: Path) -> None:
    """See :meth:`Cgroup.drop_pages`.

    Version 2 needs Linux 5.19; in version 1 it works on the memory group only.
    """
    with suppress(OSError):  # pages that can't be dropped are in use, or were written by the box itself
        with suppress(FileNotFoundError):
            Path(f"{folder}/memory.force_empty").write_text("0")
            return
        Path(f"{folder}/memory.reclaim").write_text(read_kernel_file(f"{folder}/memory.current"))


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_ctime
    except FileNotFoundError:
        return 0.0


def _kill(folder: Path) -> None:
    try:
        pids = (folder / "cgroup.procs").read_text().split()
    except FileNotFoundError:
        return
    for pid in pids:
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue
