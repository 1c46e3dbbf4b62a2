"""The contents of an embedded box's root, which the keeper makes, and bubblewrap's argv.

They are in one place, to be read beside the threat model.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from codegym.catalog import private_places
from codegym.sandbox.image.image import HostImage
from codegym.sandbox.runner.build import SOURCE, program
from codegym.task import Limits

_RUNNER = "/run/codegym/serve"
_ROOT_FD = "3"
"""The descriptor from which bubblewrap reads its last arguments: the root that the keeper made."""

_ETC = str(SOURCE / "etc")
_OPEN_FILES = 1024
MASKED = ("/proc/cmdline", "/proc/keys", "/proc/kallsyms", "/proc/fs")
"""What ``/proc`` shows of the host that no build or test needs. The keeper hides it."""

_SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")))
_DEVICES = tuple((f"/dev/{name}", f"/dev/{name}") for name in ("null", "full", "random", "urandom", "tty"))
_DEV_LINKS = (
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
    ("pts/ptmx", "/dev/ptmx"),
)
_HOST_ETC = ("/etc/alternatives", "/etc/ld.so.cache")
_NAMESPACES = ("user", "ipc", "pid", "uts", "cgroup")
"""The namespaces that bubblewrap makes. The network namespace, which has no way out, is the keeper's."""


def box_binds(image: HostImage, *, grouped: bool) -> tuple[tuple[str, str], ...]:
    """Return what of the host is bound in a box, as (from, to), in order. All except devices is read-only.

    ``grouped``: control groups limit memory and processes.
    """
    # /dev/full also reads as zeros and can't be mapped; without control groups nobody would count a shared mapping
    zero = ("/dev/zero" if grouped else "/dev/full", "/dev/zero")
    return ((str(program("serve")), _RUNNER), *_image_binds(image), *_DEVICES, zero)


@cache
def box_links() -> tuple[tuple[str, str], ...]:
    """Return the symbolic links of a box's root: (text, path)."""
    return (*_DEV_LINKS, *((str(path.readlink()), str(path)) for path in _SYSTEM if path.is_symlink()))


def box_argv(limits: Limits, *, grouped: bool) -> list[str]:
    """Return bubblewrap's argv, with the runner's. The keeper passes the root."""
    argv = ["bwrap", *(f"--unshare-{name}" for name in _NAMESPACES), "--disable-userns"]
    argv += ["--as-pid-1", "--die-with-parent", "--clearenv", "--hostname", "box"]
    argv += ["--uid", "1000", "--gid", "1000"]
    argv += ["--cap-drop", "ALL", "--cap-add", "CAP_SETPCAP"]
    argv += ["--args", _ROOT_FD, "--proc", "/proc", "--chdir", "/", "--", _RUNNER]
    per_process = (0, 0) if grouped else (limits.processes, limits.memory_mb)
    return [*argv, str(_OPEN_FILES), str(limits.disk_mb), *(str(limit) for limit in per_process), "0"]


def box_hidden(binds: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the paths in a box at which ``binds`` would show private folders of the host; only the outermost."""
    private = _private(private_places(), tuple(binds))
    folders = [(place, path) for place, path in private if os.path.isdir(place)]  # noqa: PTH112
    return tuple(
        path for place, path in folders if not any(place != outer and _below(place, outer) for outer, _ in folders)
    )


@lru_cache(maxsize=64)
def _private(places: Sequence[Path], binds: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return each of ``places`` that ``binds`` show, with its path in the box."""
    return [
        (place, target + place.removeprefix(source))
        for place in map(str, places)
        for source, target in binds
        if _below(place, source)
    ]


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@cache
def _image_binds(image: HostImage) -> tuple[tuple[str, str], ...]:
    folders = tuple((str(path), str(path)) for path in _SYSTEM if path.is_dir() and not path.is_symlink())
    binds = ((_ETC, "/etc"), *folders, *((str(source), target) for source, target in image.binds))
    targets = {target for _, target in binds}
    return *binds, *((path, path) for path in _HOST_ETC if path not in targets and os.path.lexists(path))
