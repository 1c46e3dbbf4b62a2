"""Checks, from the host, what the last user left in a box. Both backends with layered boxes use them.

A box is given to the next user only if nothing of the last one is left. No program inside is asked: processes,
mounts, limits and connections are read from the kernel's files about the box's first process, and files from the
stage. Settings that a box should not be able to change, because the system calls for it are denied, are checked
too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.host.kernel import read_kernel_file

_WORLD = 0o1777
_FOLDER = 0o755

FREEING_SECONDS = 3.0
"""How long the kernel may take to free a closed socket on a busy machine; usually it is immediate."""
_SETTLING_SECONDS = 0.02
"""Between two looks at the sockets of a new box."""


def left_files(stage: Path, layers: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield a line for each folder of the stage whose content, mode or attributes are not those of a new box.

    ``layers`` maps each folder that contains layers of other boxes or trees to its expected content.
    """
    expected: dict[str, tuple[int, list[str]]] = {
        **{name: (_FOLDER, entries) for name, entries in layers.items()},
        "u": (_FOLDER, ["0"]),
        "u/0": (_FOLDER, []),
        "k": (_FOLDER, ["0"]),
        "tmp": (_WORLD, ["home"]),
        "tmp/home": (_FOLDER, []),
        "shm": (_WORLD, []),
        "none": (_FOLDER, []),
    }
    for name, (mode, entries) in expected.items():
        folder = f"{stage}/{name}"
        present = sorted(os.listdir(folder))  # noqa: PTH208  a hot path, as is all of this module
        if present != entries:
            yield f"file: {name} contains {present[:5]}, not {entries}"
        if (now := os.stat(folder).st_mode & 0o7777) != mode:  # noqa: PTH116
            yield f"mode: {name} has {now:o}, not {mode:o}"
        if marks := [mark for mark in os.listxattr(folder) if not mark.startswith("user.overlay.")]:
            yield f"attribute: {name} has {marks[:5]}"


def fixed_settings(runner: int, cgroup: Cgroup | None) -> dict[str, str]:
    """Return what no command may change: mounts (without the workspace's overlay), limits, priorities, namespaces.

    ``runner`` is the box's first process.
    """
    proc = f"/proc/{runner}"
    fields = read_kernel_file(f"{proc}/stat").rpartition(")")[2].split()
    names = ("net", "ipc", "uts", "user", "pid", "mnt")
    return {
        "mounts": "\n".join(filter(None, map(_mount, read_kernel_file(f"{proc}/mountinfo").splitlines()))),
        "limits": read_kernel_file(f"{proc}/limits"),
        "priority": " ".join((*fields[15:17], *fields[37:39])),
        "cpus": str(sorted(os.sched_getaffinity(runner))),
        "namespaces": " ".join(os.readlink(f"{proc}/ns/{name}") for name in names),  # noqa: PTH115
        "groups": "\n".join(cgroup.limits()) if cgroup else "",
    }


def _mount(line: str) -> str:
    """Return a mount's point, options and kind; nothing for an overlay, which each workspace replaces."""
    fields, _, source = line.partition(" - ")
    kind = source.split(maxsplit=1)[0]
    return "" if kind == "overlay" else " ".join((*fields.split(maxsplit=6)[4:6], kind))


def changed_settings(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each difference between two results of :func:`fixed_settings`."""
    for name, value in before.items():
        if after[name] != value:
            old, new = (set(text.splitlines()) for text in (value, after[name]))
            yield f"{name}: now {sorted(new - old)[:3]}, not {sorted(old - new)[:3]}"


def open_connections(runner: int, expected: frozenset[str] = frozenset()) -> list[str]:
    """Return a line for each kind of open sockets, and of TCP connections that wait for a minute after their end.

    Lines in ``expected`` are left out. The kernel may count a closed socket until it frees it, so this waits for
    it, unless a connection waits for its end anyway.
    """
    deadline = time.monotonic() + FREEING_SECONDS
    while left := [line for line in sockets(runner) if line not in expected]:
        if any("'tw'" in line for line in left) or time.monotonic() > deadline:
            break
        time.sleep(0.005)
    return left


def settled_sockets(runner: int) -> frozenset[str]:
    """Return :func:`sockets` once two looks agree: sockets that were just closed may still be counted at first."""
    deadline = time.monotonic() + FREEING_SECONDS
    before, now = None, sockets(runner)
    while now != before and time.monotonic() < deadline:
        time.sleep(_SETTLING_SECONDS)
        before, now = now, sockets(runner)
    return frozenset(now)


def sockets(runner: int) -> list[str]:
    """Return a line for each kind of sockets that are open or waiting now, by the kernel's count."""
    lines = []
    for line in read_kernel_file(f"/proc/{runner}/net/sockstat").splitlines():
        kind, *words = line.split()
        counts = dict(zip(words[::2], words[1::2], strict=True))
        used = {name: counts[name] for name in ("used", "inuse", "tw") if counts.get(name, "0") != "0"}
        lines += [f"connection: {kind} {used}"] if used else []
    return lines


def children(pid: int) -> list[int]:
    """Return the ids of the child processes of ``pid``; none if it is gone."""
    try:
        return [int(word) for word in read_kernel_file(f"/proc/{pid}/task/{pid}/children").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
