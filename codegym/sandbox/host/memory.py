"""The memory limit: what a box's processes hold, apart from the files it wrote, which the disk limit counts.

A workspace may live in memory (tmpfs), and the kernel's control groups count both together. So the group's hard
limit is then the sum of both limits, and this module, asked some fifty times a second while a command runs,
compares what is not files with the memory limit alone. Without control groups it adds up resident sets, under
the hard limit on each process's private memory that the runner sets; what would not show there is refused
(``uncounted`` in ``runner/seccomp.c``). Processes are those that the box's own ``/proc`` lists: a parent's list
of its children leaves out what its threads started.
"""

from __future__ import annotations

import os
from pathlib import Path

from codegym.sandbox.host.cgroup import Cgroup

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Memory:
    """Watches one box: ``stage`` is a path on its tmpfs, ``None`` if it writes on disk; ``runner``, which is not
    needed with a ``cgroup``, is the first process of its pid namespace.

    Raises :class:`OSError` if its processes would have to be counted and can't be seen.
    """

    def __init__(self, runner: int, stage: Path | None, limit_mb: int, cgroup: Cgroup | None) -> None:
        self._processes = Path(f"/proc/{runner}/root/proc")
        self._stage = stage
        self._limit = limit_mb << 20
        self._cgroup = cgroup
        self._oom_kills = 0
        if cgroup is None and runner:
            self._found()

    def exceeded(self) -> bool:
        """Return whether the box's processes hold more than the limit."""
        if self._cgroup is None:
            return self._resident() > self._limit
        try:
            used = self._cgroup.used()
        except OSError:  # the group went with its box, as whoever waits for the box is about to be told
            return False
        return used > self._limit and used - self._files() > self._limit

    def drop_pages(self) -> None:
        """See :meth:`~codegym.sandbox.host.cgroup.Cgroup.drop_pages`; without control groups nobody can do it."""
        if self._cgroup is not None:
            self._cgroup.drop_pages()

    def new_oom_kills(self) -> bool:
        """Return whether the kernel killed a process of the box for want of memory since the last call."""
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
            return sum(_pages(process / "statm") for process in self._found()) * _PAGE
        except (FileNotFoundError, PermissionError):  # the box is gone: it could be seen when it started
            return 0

    def _found(self) -> list[Path]:
        return [path for path in self._processes.iterdir() if path.name.isdigit()]


def _pages(statm: Path) -> int:
    try:
        return int(statm.read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
