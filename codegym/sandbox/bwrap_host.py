"""What this machine gives the embedded sandbox, found out by trying it."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

from codegym.sandbox.build import compiler
from codegym.sandbox.cgroup import cgroup_roots, limits_cpu
from codegym.sandbox.protocol import Capability

OLD_KERNEL = "use Linux 6.6 or newer, or the docker sandbox, where the engine lays workspaces on older kernels"
_REMEDY = "apt-get install bubblewrap (0.8 or newer), and allow user namespaces"
_OVERLAY = """
set -e
mount -t tmpfs none /mnt && cd /mnt && mkdir -p low/d up wk m
mount -t overlay -o lowerdir=low,upperdir=up,workdir=wk,userxattr none m
rmdir m/d && mkdir m/d
"""


def capabilities() -> tuple[Capability, ...]:
    """Return what embedded boxes give here; ``run`` says whether they work at all."""
    why_not = runs_here()
    groups = cgroup_roots()
    held = "by control groups" if groups else "by a limit on each process and a watcher: no control groups here"
    return (
        Capability("run", not why_not, why_not or "bubblewrap over an overlayfs of its own"),
        Capability("network isolation", True, "a network namespace with nothing but its own loopback"),
        Capability("filesystem isolation", True, "only /usr and the image, read-only; a workspace in memory"),
        Capability("memory limit", True, held),
        Capability("process limit", True, "by control groups" if groups else "by RLIMIT_NPROC in the box"),
        Capability(
            "processor limit",
            limits_cpu(),
            "by control groups" if limits_cpu() else "no control group for it here",
        ),
        Capability("disk limit", True, "a tmpfs of that size, /tmp and /dev/shm included"),
        Capability("copy-on-write", True, "snapshots stack overlay layers; forks share them"),
        Capability("system call filter", True, "codegym/sandbox/runner/seccomp.h"),
    )


@lru_cache(maxsize=1)
def runs_here() -> str:
    """Return why embedded boxes can't be opened on this machine, with the remedy, or nothing if they can."""
    trouble = bwrap_trouble()
    if trouble:
        return f"bubblewrap does not work here ({trouble}): {_REMEDY}"
    if compiler() is None:
        return "no C compiler to build the runner with: apt-get install gcc libc6-dev"
    trouble = overlay_trouble()
    if trouble:
        return f"overlayfs in a user namespace, over a tmpfs, does not work here ({trouble}): {OLD_KERNEL}"
    return ""


def bwrap_trouble() -> str:
    """Return why bubblewrap does not work here, or nothing."""
    if shutil.which("bwrap") is None:
        return "not installed"
    trial = ["bwrap", "--unshare-user", "--disable-userns", "--unshare-net", "--unshare-pid"]
    return _try([*trial, "--ro-bind", "/", "/", "true"])


def overlay_trouble() -> str:
    """Return why a user namespace can't mount a working overlay over a tmpfs, or nothing."""
    return _try(["unshare", "-Urm", "sh", "-c", _OVERLAY])


def _try(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""
