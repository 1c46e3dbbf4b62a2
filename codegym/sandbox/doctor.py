"""What works on this machine, and what to do about the rest: the checks of ``codegym doctor``."""

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
from codegym.sandbox.bwrap.capabilities import WORKSPACE, bwrap_trouble, stage_troubles
from codegym.sandbox.bwrap.stage import REMEDY, stage_place
from codegym.sandbox.host.cgroup import cgroup_roots
from codegym.sandbox.image.image import host_image, image_names
from codegym.sandbox.runner.build import builders, program

_DISK_GB = 5
_EMBEDDED = frozenset({"bubblewrap", "overlayfs", "runner", "image python"})
"""The checks that the embedded sandbox needs."""

_COMPILER = "apt-get install gcc libc6-dev"


@dataclass(frozen=True)
class HealthCheck:
    """One check: ``detail`` is what it found, ``remedy`` what to do if ``ok`` is false."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def can_play(results: list[HealthCheck]) -> bool:
    """Return whether episodes can run here: a good Python, and one kind of sandbox that works."""
    ok = {check.name: check.ok for check in results}
    docker = ok["docker"] or ok.get("docker-volume", False)
    return ok["python"] and (docker or all(ok.get(name, True) for name in _EMBEDDED))


def checks() -> list[HealthCheck]:
    """Run all checks. The first time it may take some seconds: the runner and the images are built."""
    return [
        _python(),
        _bubblewrap(),
        _overlay(),
        _cgroups(),
        _runner(),
        *(_image(name) for name in image_names()),
        *_docker(),
        _disk(),
    ]


def _python() -> HealthCheck:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return HealthCheck("python", sys.version_info >= (3, 11), version, "use Python 3.11 or newer")


def _bubblewrap() -> HealthCheck:
    trouble = bwrap_trouble()
    program_path = shutil.which("bwrap") or "not found"
    remedy = "apt-get install bubblewrap (0.8 or newer), and allow user namespaces"
    return HealthCheck("bubblewrap", not trouble, trouble or f"{program_path}, in namespaces of its own", remedy)


def _overlay() -> HealthCheck:
    place, troubles = stage_place(), stage_troubles()
    if place is None:
        return HealthCheck("overlayfs", False, troubles, f"{REMEDY}; this is {os.uname().release}")
    return HealthCheck("overlayfs", True, f"{WORKSPACE[place]} ({troubles})" if troubles else WORKSPACE[place])


def _cgroups() -> HealthCheck:
    roots = cgroup_roots()
    if not roots:
        detail = "may not be made here: limits of embedded boxes are enforced by rlimits and a watcher"
        return HealthCheck("control groups", False, detail, "run as root, or in a session with a delegated cgroup")
    return HealthCheck("control groups", True, f"version {2 if len(roots) == 1 else 1}, below {roots[0]}")


def _runner() -> HealthCheck:
    return _try("runner", lambda: f"{program('serve')}, compiled by {' or '.join(builders())}", _COMPILER)


def _image(name: str) -> HealthCheck:
    remedy = "install what is named, or use the docker sandbox"
    return _try(f"image {name}", lambda: f"on this host, PATH {host_image(name).path}", remedy)


def _docker() -> list[HealthCheck]:
    """Check the backend ``docker``, and if it does not work here but ``docker-volume`` does, list that too."""
    docker = _backend("docker")
    if docker.ok:
        return [docker]
    volume = _backend("docker-volume")
    return [docker, volume] if volume.ok else [docker]


def _backend(name: str) -> HealthCheck:
    remedy = "do what it says, or use the embedded sandbox"
    try:
        capabilities = {capability.name: capability for capability in backend(name).capabilities()}
    except (CodegymError, ImportError) as error:
        return HealthCheck(name, False, str(error), remedy)
    run, workspace = capabilities["run"], capabilities.get("workspace")
    detail = f"{run.why}; workspaces are {workspace.why}" if workspace else run.why
    return HealthCheck(name, run.available, detail, remedy)


def _disk() -> HealthCheck:
    folder = cache_dir()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    return HealthCheck("disk", free >= _DISK_GB, f"{free:.0f} GB free in {_short(folder)}", f"free {_DISK_GB} GB")


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _try(name: str, look: Callable[[], str], remedy: str) -> HealthCheck:
    try:
        return HealthCheck(name, True, look())
    except CodegymError as error:
        return HealthCheck(name, False, str(error), remedy)
