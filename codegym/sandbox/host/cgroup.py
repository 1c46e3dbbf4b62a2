"""Control groups: limits of memory, processes and processors for a whole box, v1 or v2, wherever they may be made.

Where it may not, :mod:`codegym.sandbox.bwrap.backend` falls back to per-process limits and a watcher, and says so.

A group is all that an embedded box has on the host. It is removed with the box, else with its owner's lease, else
(whose cache was deleted, lease and all) because nobody is in it: in a box's group there is a keeper.
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
from codegym.sandbox.host.kernel import told

_MOUNT = Path("/sys/fs/cgroup")
_CPU_PERIOD = 100_000
"""Microseconds over which processor time is counted: the kernel's own default."""
_SOCKETS = "memory.kmem.tcp"
"""The files of version 1 that count what TCP and UDP hold in buffers: apart from all else, and only if limited."""


@dataclass(frozen=True)
class Cgroup:
    """One box's control groups: the folders that hold its limits, one and the same in version 2.

    ``cpu`` is ``None`` where processor time can't be limited.
    """

    memory: Path
    pids: Path
    cpu: Path | None
    v2: bool

    @property
    def folders(self) -> set[Path]:
        """The folders, each once."""
        return {self.memory, self.pids, *([self.cpu] if self.cpu else [])}

    def making(self, memory_bytes: int, processes: int, cpus: float) -> list[tuple[str, str]]:
        """Return what a process with one thread writes, in order, to make the groups and to enter them.

        Each is (file, text); without a text it is a folder to make, and what begins with ``-`` may be missing.
        In version 1, ``tasks`` moves the writing thread alone, and so spares the kernel a pause of milliseconds
        in which it would make sure that no process forks.
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
        """Return the bytes that the box holds: files in memory and buffers of sockets too, no page cache."""
        fields = dict(line.split() for line in told(f"{self.memory}/memory.stat").splitlines())
        return int(fields["anon" if self.v2 else "rss"]) + int(fields["shmem"]) + self._sockets(fields)

    def _sockets(self, fields: Mapping[str, str]) -> int:
        if self.v2:
            return int(fields.get("sock", 0))
        try:
            return int(told(f"{self.memory}/{_SOCKETS}.usage_in_bytes"))
        except FileNotFoundError:
            return 0

    def oom_kills(self) -> int:
        """Return how many processes the kernel has killed here for want of memory."""
        name = "memory.events" if self.v2 else "memory.oom_control"
        fields = dict(line.split() for line in told(f"{self.memory}/{name}").splitlines())
        return int(fields.get("oom_kill", 0))

    def limit_sockets(self, memory_bytes: int) -> None:
        """Limit what sockets hold in buffers, for a group of version 1 that somebody else has made.

        No engine does that: runc ignores what Docker asks for. Who may not write to the group leaves it as it is.
        """
        if not self.v2:
            with suppress(FileNotFoundError, PermissionError):
                Path(f"{self.memory}/{_SOCKETS}.limit_in_bytes").write_text(str(memory_bytes))

    def drop_pages(self) -> None:
        """Take out of memory the pages of files that this group alone has brought there.

        Boxes share the host's files, so that which of their pages are in memory is a message from one box to the
        next: whoever reads them sees it by the time, and counted in its page faults. The kernel charges a page to
        the group that read it first; so what a box read that nobody had, goes with it.
        """
        _drop_pages(self.memory)

    def drop_pages_of_the_dead(self, seconds: float) -> None:
        """Do that as soon as nobody is in the group, which somebody else will remove."""
        deadline = time.monotonic() + seconds
        with suppress(OSError):  # it is removed already
            while told(f"{self.memory}/cgroup.procs") and time.monotonic() < deadline:
                time.sleep(0.0005)
            self.drop_pages()

    def limits(self) -> list[str]:
        """Return the limits as the kernel holds them."""
        names = (
            ("memory.max", "memory.swap.max")
            if self.v2
            else ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", f"{_SOCKETS}.limit_in_bytes")
        )
        files = [(self.memory, name) for name in names] + [(self.pids, "pids.max")]
        files += [(self.cpu, name) for name in ("cpu.max", "cpu.cfs_quota_us")] if self.cpu else []
        found = []
        for folder, name in files:
            with suppress(FileNotFoundError):
                found.append(f"{name} {told(f'{folder}/{name}').strip()}")
        return found

    def remove(self) -> None:
        """Remove the groups, killing what is still in them. Raises :class:`SandboxError` if that can't be done."""
        if left := _remove(self.folders, 10.0):
            raise SandboxError(f"the control group {left[0]} can't be removed: a process in it can't be killed")


def named_cgroup(name: str) -> Cgroup | None:
    """Return the groups called ``codegym-<name>``, still to be made, or ``None`` where this process may not."""
    roots = cgroup_roots()
    if not roots:
        return None
    memory, pids, cpu = (root / f"codegym-{name}" for root in (roots[0], roots[min(1, len(roots) - 1)], roots[-1]))
    return Cgroup(memory, pids, cpu if limits_cpu() else None, v2=len(roots) == 1)


def _cpu_limit(folder: Path, cpus: float, *, v2: bool) -> tuple[tuple[str, str], ...]:
    """A group of ``cpus``. It is scheduled as one process is, and so gets the niceness of this one."""
    quota, nice = str(int(cpus * _CPU_PERIOD)), os.getpriority(os.PRIO_PROCESS, 0)
    if v2:
        return (f"{folder}/cpu.max", f"{quota} {_CPU_PERIOD}"), (f"{folder}/cpu.weight.nice", str(nice))
    return (f"{folder}/cpu.cfs_quota_us", quota), (f"{folder}/cpu.shares", str(int(1024 / 1.25**nice)))


def remove_cgroups(roots: Iterable[Path], lease: str, seconds: float) -> bool:
    """Remove every group below ``roots`` that belongs to ``lease``, whose owner is gone.

    Return whether that was done within ``seconds``: a process that hangs in the kernel can keep its group.
    """
    return not _remove([folder for root in roots for folder in root.glob(f"codegym-{lease}-*")], seconds)


def sweep_cgroups(*, everywhere: bool = False, age: float = 10.0) -> int:
    """Remove the groups of boxes that nobody is in, whoever made them; return how many.

    They are looked for where this process makes its own, or ``everywhere``. Those younger than ``age`` seconds
    stay: their box may be about to start.
    """
    folders = _MOUNT.rglob("codegym-*") if everywhere else (f for r in cgroup_roots() for f in r.glob("codegym-*"))
    return sum(_age(folder) > age and _removed(folder) for folder in list(folders))


@lru_cache(maxsize=1)
def cgroup_roots() -> tuple[Path, ...]:
    """Return where groups can be made: ``(memory, pids[, cpu])`` for v1, one folder for v2, or nothing."""
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


def _own(controller: str) -> str | None:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return path
    return None


def _v1_roots(*controllers: str) -> tuple[Path, ...]:
    roots = []
    for controller in controllers:
        mount, own = _MOUNT / controller, _own(controller)
        if own is None or not (mount / "cgroup.procs").exists():
            return ()
        inner = mount / own.lstrip("/")
        roots.append(inner if inner.is_dir() else mount)
    return tuple(roots)


def _v2_roots() -> tuple[Path, ...]:
    """Return the nearest folder above our own group whose children get memory and pids and that is ours."""
    own = _own("")
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
    """Remove groups, killing what is still in them; return those that are there after ``seconds``."""
    deadline, pause = time.monotonic() + seconds, 0.0005
    left = [folder for folder in folders if not _removed(folder)]
    while left and time.monotonic() < deadline:
        if pause > 0.01:
            for folder in left:
                _kill(folder)
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
        left = [folder for folder in left if not _removed(folder)]
    return left


def _removed(folder: Path) -> bool:
    """Remove a group unless somebody is in it, or it is another user's; return whether it is gone."""
    try:
        if not told(f"{folder}/cgroup.procs"):
            _drop_pages(folder)
        folder.rmdir()
    except OSError:
        return not folder.is_dir()
    return True


def _drop_pages(folder: Path) -> None:
    """See :meth:`Cgroup.drop_pages`; of version 2 it takes Linux 5.19, of version 1 the group of memory."""
    with suppress(OSError):  # all that can't be dropped is in use, or was written by the box itself
        with suppress(FileNotFoundError):
            Path(f"{folder}/memory.force_empty").write_text("0")
            return
        Path(f"{folder}/memory.reclaim").write_text(told(f"{folder}/memory.current"))


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
