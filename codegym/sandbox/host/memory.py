"""The memory limit: the memory of a box's processes, without the files it wrote, which the disk limit counts.

A workspace may be in memory (tmpfs), and the kernel's control groups count both together. The group's hard limit
is then the sum of both limits, and this module, called about every 20 ms while a command runs, compares the
group's memory without files with the memory limit.

Without control groups it adds up the resident sets of all processes; the runner sets a hard limit on the private
memory of each. Memory that would not be counted in that way is refused (``uncounted`` in ``runner/seccomp.c``).
Processes are listed from the box's own ``/proc``: a parent's list of children omits those that its threads
started.
"""

from __future__ import annotations

import os
from pathlib import Path

from codegym.sandbox.host.cgroup import Cgroup

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Memory:
    """Watches the memory of one box.

    ``stage`` is a path on the box's tmpfs, ``None`` if it writes on disk. ``runner`` is the first process of its
    pid namespace, needed only without a ``cgroup``.

    Raises :class:`OSError` if the processes have to be counted and can't be seen.
    """

    def __init__(self, runner: int, stage: Path | None, limit_mb: int, cgroup: Cgroup | None) -> None:
        self._processes = Path(f"/proc/{runner}/root/proc")
        self._stage = stage
        self._limit = limit_mb << 20
        self._cgroup = cgroup
        self._oom_kills = 0
        if cgroup is None and runner:
            self._box_processes()

    def is_exceeded(self) -> bool:
        """Return whether the box's processes use more memory than the limit."""
        if self._cgroup is None:
            return self._resident() > self._limit
        try:
            used = self._cgroup.used()
        except OSError:  # the box is gone, and its group with it: the caller's next request to the box fails
            return False
        return used > self._limit and used - self._files() > self._limit

    def drop_pages(self) -> None:
        """See :meth:`~codegym.sandbox.host.cgroup.Cgroup.drop_pages`. Without control groups it does nothing."""
        if self._cgroup is not None:
            self._cgroup.drop_pages()

    def new_oom_kills(self) -> bool:
        """Return whether the kernel has killed a process of the box for lack of memory since the last call."""
        if self._cgroup is None:
            return False
        try:
            before, self._oom_kills = self._oom_kills, self._cgroup.oom_kills()
        except OSError:
            return False
        return self._oom_kills > before

    def _files(self) -> int:
        if self._stage is None:
            return 0
        status = os.statvfs(self._stage)
        return (status.f_blocks - status.f_bfree) * status.f_frsize

    def _resident(self) -> int:
        try:
            return sum(_pages(process / "statm") for process in self._box_processes()) * _PAGE
        except (FileNotFoundError, PermissionError):  # the box is gone: it could be seen when it started
            return 0

    def _box_processes(self) -> list[Path]:
        return [path for path in self._processes.iterdir() if path.name.isdigit()]


def _pages(statm: Path) -> int:
    try:
        return int(statm.read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
