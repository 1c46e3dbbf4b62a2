"""What works on this machine and what to do about the rest: the checks behind ``codegym doctor``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.errors import CodegymError
from codegym.sandbox.backend import backend
from codegym.sandbox.bwrap.host import WORKSPACE, bwrap_trouble, stage_troubles
from codegym.sandbox.bwrap.stage import REMEDY, stage_place
from codegym.sandbox.host.cgroup import cgroup_roots
from codegym.sandbox.image.image import host_image, image_names
from codegym.sandbox.runner.build import builders, program

_DISK_GB = 5
_COMPILER = "apt-get install gcc libc6-dev"


@dataclass(frozen=True)
class Check:
    """One thing looked at: ``detail`` says what was found, ``remedy`` what to do where ``ok`` is false."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def checks() -> list[Check]:
    """Look at this machine, which may take some seconds the first time: what is missing is built."""
    return [
        _python(),
        _bubblewrap(),
        _overlay(),
        _cgroups(),
        _runner(),
        *(_image(name) for name in image_names()),
        _docker(),
        _disk(),
    ]


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("python", sys.version_info >= (3, 11), version, "use Python 3.11 or newer")


def _bubblewrap() -> Check:
    trouble = bwrap_trouble()
    found = shutil.which("bwrap") or "not found"
    remedy = "apt-get install bubblewrap (0.8 or newer), and allow user namespaces"
    return Check("bubblewrap", not trouble, trouble or f"{found}, in namespaces of its own", remedy)


def _overlay() -> Check:
    place, troubles = stage_place(), stage_troubles()
    if place is None:
        return Check("overlayfs", False, troubles, f"{REMEDY}; this is {os.uname().release}")
    return Check("overlayfs", True, f"{WORKSPACE[place]} ({troubles})" if troubles else WORKSPACE[place])


def _cgroups() -> Check:
    roots = cgroup_roots()
    if not roots:
        detail = "may not be made here: embedded boxes hold their limits by rlimits and a watcher"
        return Check("control groups", False, detail, "run as root, or in a session with a delegated cgroup")
    return Check("control groups", True, f"version {2 if len(roots) == 1 else 1}, below {roots[0]}")


def _runner() -> Check:
    return _try("runner", lambda: f"{program('serve')}, compiled by {' or '.join(builders())}", _COMPILER)


def _image(name: str) -> Check:
    remedy = "install what is named, or use the docker sandbox"
    return _try(f"image {name}", lambda: f"on this host, searched at {host_image(name).path}", remedy)


def _docker() -> Check:
    remedy = "do what it says, or use the embedded sandbox"
    try:
        found = {capability.name: capability for capability in backend("docker").capabilities()}
    except (CodegymError, ImportError) as error:
        return Check("docker", False, str(error), remedy)
    run, workspace = found["run"], found.get("workspace")
    detail = f"{run.why}; workspaces are {workspace.why}" if workspace else run.why
    return Check("docker", run.available, detail, remedy)


def _disk() -> Check:
    folder = cache_dir()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    return Check("disk", free >= _DISK_GB, f"{free:.0f} GB free in {_short(folder)}", f"free {_DISK_GB} GB")


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _try(name: str, look: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(name, True, look())
    except CodegymError as error:
        return Check(name, False, str(error), remedy)
