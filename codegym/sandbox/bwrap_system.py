"""What a box is made of when bubblewrap builds it: the argv, in one place, to be read beside the threat model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from codegym.catalog import private_places
from codegym.sandbox.build import SOURCE, program
from codegym.sandbox.image import HostImage
from codegym.sandbox.keeper import STAGE
from codegym.sandbox.protocol import WORKDIR
from codegym.task import Limits

_RUNNER = "/run/codegym/serve"
_OPEN_FILES = 1024
_MASKED = ("cmdline", "keys", "kallsyms", "fs")
_HOST_ETC = ("/etc/alternatives", "/etc/ld.so.cache")
_NAMESPACES = ("user", "ipc", "pid", "uts", "cgroup")
"""What bubblewrap makes; the network, which nothing leads out of, is the keeper's."""


def box_binds(image: HostImage) -> tuple[tuple[str, str], ...]:
    """Return what a keeper binds on its stage for a box, and where the box has it: (from, to), in order."""
    own = ((str(SOURCE / "etc"), "/etc"), (str(program("serve")), _RUNNER))
    return (*own, *((str(source), target) for source, target in image.binds))


def box_argv(binds: Sequence[tuple[str, str]], limits: Limits, *, grouped: bool) -> list[str]:
    """Return bubblewrap's argv, ``binds`` being those of :func:`box_binds`.

    ``grouped``: control groups hold memory and processes, so that limits on single processes need not.
    """
    argv = ["bwrap", *(f"--unshare-{name}" for name in _NAMESPACES), "--disable-userns"]
    argv += ["--as-pid-1", "--die-with-parent", "--clearenv", "--hostname", "box"]
    argv += ["--uid", "1000", "--gid", "1000"]
    argv += ["--cap-drop", "ALL", "--cap-add", "CAP_SETPCAP"]
    argv += _system()
    targets = [target for _, target in binds]
    etc = [path for path in _HOST_ETC if path not in targets and os.path.lexists(path)]
    for number, target in enumerate(targets):
        argv += ["--ro-bind", f"{STAGE}/b/{number}", target]
    for path in etc:
        argv += ["--ro-bind", path, path]
    argv += ["--proc", "/proc", "--dev", "/dev"]
    if not grouped:  # reads the same, and can't be mapped: shared, that were memory which nobody counts
        argv += ["--dev-bind", "/dev/full", "/dev/zero"]
    for name, target in (("tmp", "/tmp"), ("shm", "/dev/shm"), ("w", WORKDIR)):  # noqa: S108  paths in the box
        argv += ["--bind", f"{STAGE}/{name}", target]
    argv += _masks()
    for path in _exposed([*binds, ("/usr", "/usr")]):
        argv += ["--ro-bind", f"{STAGE}/none", path]
    argv += ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", _RUNNER]
    per_process = (0, 0) if grouped else (limits.processes, limits.memory_mb)
    return [*argv, str(_OPEN_FILES), str(limits.disk_mb), *(str(limit) for limit in per_process), "0"]


@cache
def _masks() -> tuple[str, ...]:
    """Hide what ``/proc`` tells about the host beyond what a build or a test asks for."""
    argv = []
    for name in _MASKED:
        path = Path("/proc") / name
        if path.is_dir():
            argv += ["--ro-bind", f"{STAGE}/none", str(path)]
        elif path.exists():
            argv += ["--ro-bind", "/dev/null", str(path)]
    return tuple(argv)


def _exposed(binds: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield where in a box private folders of the host would show, the outermost of them."""
    shown = [
        (place, target + place.removeprefix(source))
        for place in map(str, private_places())
        for source, target in binds
        if _below(place, source) and Path(place).is_dir()
    ]
    for place, path in shown:
        if not any(place != outer and _below(place, outer) for outer, _ in shown):
            yield path


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@cache
def _system() -> tuple[str, ...]:
    argv = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/") / name
        if path.is_symlink():
            argv += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            argv += ["--ro-bind", str(path), str(path)]
    return tuple(argv)
