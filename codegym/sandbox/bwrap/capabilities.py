"""What embedded boxes can do on this machine. Trying it out is the only way to know."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from itertools import takewhile

from codegym.sandbox.bwrap.stage import PLACES, REMEDY, Place, stage_place, stage_trouble
from codegym.sandbox.host.cgroup import cgroup_roots, limits_cpu
from codegym.sandbox.protocol import Capability
from codegym.sandbox.runner.build import compiler

WORKSPACE: dict[Place, str] = {
    "memory": "overlayfs over a tmpfs, in memory",
    "disk": "overlayfs over a folder in the cache, on disk",
}
_HARD = "a tmpfs of that size, /tmp and /dev/shm included"
_WATCHED = "one file: hard; the sum: checked every 0.1 s, then the command is killed"
_IN = {"memory": "in memory", "disk": "on disk"}
_REMEDY = "apt-get install bubblewrap (0.8 or newer), and allow user namespaces"


def capabilities(places: tuple[Place, ...] = PLACES, *, cgroups: bool = True) -> tuple[Capability, ...]:
    """Return what boxes that write in one of ``places`` can do here.

    The capability named ``run`` says whether they work at all.
    """
    why_not = why_unavailable(places)
    in_memory = why_not or stage_place(places) == "memory"
    groups = cgroup_roots() if cgroups else ()
    processors = cgroups and limits_cpu()
    memory = "by control groups" if groups else "by a limit on each process and a watcher: no control groups here"
    return (
        Capability("run", not why_not, why_not or "bubblewrap over an overlayfs of its own"),
        Capability("network isolation", True, "a network namespace with nothing but its own loopback"),
        Capability("filesystem isolation", True, "only /usr and the image, read-only; a workspace of its own"),
        Capability("workspace", not why_not, WORKSPACE["memory" if in_memory else "disk"]),
        Capability("memory limit", True, memory),
        Capability("process limit", True, "by control groups" if groups else "by RLIMIT_NPROC in the box"),
        Capability(
            "processor limit",
            processors,
            "by control groups" if processors else "no control group for it here",
        ),
        Capability("disk limit", True, _HARD if in_memory else _WATCHED),
        Capability("copy-on-write", True, "snapshots stack overlay layers; forks share them"),
        Capability("system call filter", True, "codegym/sandbox/runner/seccomp.c"),
    )


@lru_cache(maxsize=4)
def why_unavailable(places: tuple[Place, ...] = PLACES) -> str:
    """Return why embedded boxes can't be opened on this machine, with the remedy; ``""`` if they can."""
    trouble = bwrap_trouble()
    if trouble:
        return f"bubblewrap does not work here ({trouble}): {_REMEDY}"
    if compiler() is None:
        return "no C compiler to build the runner with: apt-get install gcc libc6-dev"
    if stage_place(places) is None:
        return f"no workspace can be mounted here ({stage_troubles(places)}): {REMEDY}"
    return ""


def stage_troubles(places: tuple[Place, ...] = PLACES) -> str:
    """Return why boxes can't write in those of ``places`` that come before the first that works."""
    troubles = ((_IN[place], stage_trouble(place)) for place in places)
    return "; ".join(f"{where}: {trouble}" for where, trouble in takewhile(lambda pair: pair[1], troubles))


def bwrap_trouble() -> str:
    """Return why bubblewrap does not work here; ``""`` if it does."""
    if shutil.which("bwrap") is None:
        return "not installed"
    trial = ["bwrap", "--unshare-user", "--disable-userns", "--unshare-net", "--unshare-pid"]
    return _try([*trial, "--ro-bind", "/", "/", "true"])


def _try(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""
