"""What the last user of a box has left in it, looked for from the host: the looks that all boxes share.

A box is given to the next user only if nothing of the last one is found. Nothing inside is asked: processes,
mounts, limits and connections are read from the kernel's view of the box's first process, files from the
keeper's stage. What a box can't change at all (the system calls that would do it are refused) is looked at too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.host.kernel import told

_WORLD = 0o1777
_FOLDER = 0o755

FREEING_SECONDS = 3.0
"""How long the kernel may take to free a closed socket: a moment, but on a busy machine."""


def files(stage: Path, layers: Mapping[str, list[str]]) -> Iterator[str]:
    """Look at every folder that the box may write to, or others for it; each has one content when clean.

    ``layers`` names the folders for layers of others, and what they hold.
    """
    expected: dict[str, tuple[int, list[str]]] = {
        **{name: (_FOLDER, held) for name, held in layers.items()},
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
        found = sorted(os.listdir(folder))  # noqa: PTH208  a hot path, as is all of this module
        if found != entries:
            yield f"file: {name} holds {found[:5]}, not {entries}"
        if (held := os.stat(folder).st_mode & 0o7777) != mode:  # noqa: PTH116
            yield f"mode: {name} has {held:o}, not {mode:o}"
        if marks := [mark for mark in os.listxattr(folder) if not mark.startswith("user.overlay.")]:
            yield f"attribute: {name} has {marks[:5]}"


def fixed(runner: int, cgroup: Cgroup | None) -> dict[str, str]:
    """Return what no command may change: mounts but for the workspace's own overlay, limits, priorities, name."""
    proc = f"/proc/{runner}"
    fields = told(f"{proc}/stat").rpartition(")")[2].split()
    names = ("net", "ipc", "uts", "user", "pid", "mnt")
    return {
        "mounts": "\n".join(filter(None, map(_mount, told(f"{proc}/mountinfo").splitlines()))),
        "limits": told(f"{proc}/limits"),
        "priority": " ".join((*fields[15:17], *fields[37:39])),
        "cpus": str(sorted(os.sched_getaffinity(runner))),
        "namespaces": " ".join(os.readlink(f"{proc}/ns/{name}") for name in names),  # noqa: PTH115
        "groups": "\n".join(cgroup.limits()) if cgroup else "",
    }


def _mount(line: str) -> str:
    """Return point, options and kind of a mount; of an overlay, which comes and goes, nothing."""
    fields, _, source = line.partition(" - ")
    kind = source.split(maxsplit=1)[0]
    return "" if kind == "overlay" else " ".join((*fields.split(maxsplit=6)[4:6], kind))


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Yield what differs between two looks at what is fixed."""
    for name, value in before.items():
        if after[name] != value:
            gone, new = (set(text.splitlines()) for text in (value, after[name]))
            yield f"{name}: now {sorted(new - gone)[:3]}, not {sorted(gone - new)[:3]}"


def connections(runner: int, known: frozenset[str] = frozenset()) -> list[str]:
    """Return open sockets and, since each holds its port for a minute, TCP connections that wait for their end.

    What is ``known`` is left out. The kernel counts a closed socket until it gets round to freeing it; so it is
    given a moment, unless a connection waits anyhow.
    """
    deadline = time.monotonic() + FREEING_SECONDS
    while found := [line for line in sockets(runner) if line not in known]:
        if any("'tw'" in line for line in found) or time.monotonic() > deadline:
            break
        time.sleep(0.005)
    return found


def sockets(runner: int) -> list[str]:
    """Return a line for each kind of sockets that are open or waiting, as the kernel counts them now."""
    lines = []
    for line in told(f"/proc/{runner}/net/sockstat").splitlines():
        kind, *words = line.split()
        counts = dict(zip(words[::2], words[1::2], strict=True))
        found = {name: counts[name] for name in ("used", "inuse", "tw") if counts.get(name, "0") != "0"}
        lines += [f"connection: {kind} {found}"] if found else []
    return lines


def children(pid: int) -> list[int]:
    """Return the processes that ``pid`` started, as this process sees them."""
    try:
        return [int(word) for word in told(f"/proc/{pid}/task/{pid}/children").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
