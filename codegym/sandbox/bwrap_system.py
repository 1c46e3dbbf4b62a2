"""What a box is made of when bubblewrap builds it: the argv, in one place, to be read beside the threat model."""

from __future__ import annotations

import os
from pathlib import Path

from codegym.sandbox.build import SOURCE, program
from codegym.sandbox.image import HostImage
from codegym.sandbox.keeper import stage
from codegym.sandbox.protocol import WORKDIR
from codegym.task import Limits

_RUNNER = "/run/codegym/serve"
_OPEN_FILES = 1024
_NAMESPACES = ("user", "ipc", "pid", "net", "uts", "cgroup")


def box_argv(image: HostImage, limits: Limits, *, grouped: bool) -> list[str]:
    """Return bubblewrap's argv. ``grouped``: control groups hold memory and processes, so rlimits need not."""
    argv = ["bwrap", *(f"--unshare-{name}" for name in _NAMESPACES), "--disable-userns"]
    argv += ["--as-pid-1", "--die-with-parent", "--clearenv", "--hostname", "box", "--uid", "1000", "--gid", "1000"]
    argv += [*_system(), *_etc()]
    for source, target in image.binds:
        argv += ["--ro-bind", str(source), target]
    argv += ["--proc", "/proc", "--dev", "/dev", "--ro-bind", str(program("serve")), _RUNNER]
    for name, target in (("tmp", "/tmp"), ("shm", "/dev/shm"), ("w", WORKDIR)):  # noqa: S108  paths in the box
        argv += ["--bind", str(stage() / name), target]
    argv += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", _RUNNER]
    per_process = (0, 0) if grouped else (limits.processes, limits.memory_mb)
    return [*argv, str(_OPEN_FILES), str(limits.disk_mb), *(str(limit) for limit in per_process), "0"]


def _system() -> list[str]:
    argv = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/") / name
        if path.is_symlink():
            argv += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            argv += ["--ro-bind", str(path), str(path)]
    return argv


def _etc() -> list[str]:
    argv = []
    for file in sorted((SOURCE / "etc").iterdir()):
        argv += ["--ro-bind", str(file), f"/etc/{file.name}"]
    for name in ("/etc/alternatives", "/etc/ld.so.cache"):
        if os.path.lexists(name):
            argv += ["--ro-bind", name, name]
    return argv
