"""Where an embedded box writes: in memory, or on disk if the kernel's tmpfs can't store an overlay's marks.

A trial workspace, laid by a real keeper, shows which works. In memory is better: the disk limit is hard, nothing
is on the host, and nothing waits for a disk.
"""

from __future__ import annotations

import logging
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Literal

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.bwrap.keeper import Keeper, Sources
from codegym.sandbox.host.folder import Family, remove_tree
from codegym.sandbox.host.lease import draft_prefix

_log = logging.getLogger(__name__)

Place = Literal["memory", "disk"]
PLACES: tuple[Place, ...] = ("memory", "disk")
"""The better one first."""

REMEDY = (
    "use Linux 6.6 or newer, or 5.19 with codegym's cache on ext4, xfs or btrfs, or the docker-volume sandbox, "
    "where the engine mounts workspaces on older kernels"
)
_TRIAL = "read go && cd /tmp/r/work && rmdir d && mkdir d && rm f && echo fine"
"""Replaces and deletes what a base tree contains: overlayfs has to store marks for that."""

_TRIAL_SECONDS = 20.0


def disk_stage() -> Family:
    """Make a folder for a box to write in, and join it.

    It is deleted when the last box leaves it, otherwise with this process's lease.
    """
    boxes = cache_dir() / "boxes"
    try:
        boxes.mkdir(mode=0o700, parents=True, exist_ok=True)
        stage = Family(Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=boxes)), _delete)
    except OSError as error:
        raise SandboxError(f"no folder could be made for a box to write in: {error}") from error
    stage.join()
    return stage


def _delete(folder: Path) -> None:
    try:
        remove_tree(folder)
    except OSError as error:
        raise SandboxError(f"{folder}, in which a box wrote, can't be deleted: {error}") from error


@lru_cache(maxsize=4)
def stage_place(places: tuple[Place, ...] = PLACES) -> Place | None:
    """Return the first of ``places`` that works here, or ``None``. Warn once if disk has to replace memory."""
    place = next((place for place in places if not stage_trouble(place)), None)
    if place == "disk" and "memory" in places:
        _log.warning("boxes write on disk, their disk limit is watched: in memory, %s", stage_trouble("memory"))
    return place


@lru_cache(maxsize=2)
def stage_trouble(place: Place) -> str:
    """Return why no workspace can be laid at ``place``; ``""`` if it can."""
    stage = None
    try:
        stage = disk_stage() if place == "disk" else None
        with tempfile.TemporaryDirectory(prefix=draft_prefix(), dir=_trees()) as base:
            Path(base, "d").mkdir()
            Path(base, "f").touch()
            return _try_workspace(Sources((base,), stage=stage.folder if stage else None))
    except (OSError, SandboxError) as error:
        return str(error)
    finally:
        if stage:
            stage.leave()


def _trees() -> Path:
    """Return the cache's folder of base trees. The trial has to use its file system: another one might differ."""
    folder = cache_dir() / "trees"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _try_workspace(sources: Sources) -> str:
    """Lay a workspace over ``sources`` and run the trial in it; return why it failed, or ``""``."""
    keeper = Keeper(sources, ("sh", "-c", _TRIAL), 1)
    try:
        keeper.lay("0", ("l/0",))
        keeper.stream.settimeout(_TRIAL_SECONDS)
        keeper.stream.sendall(b"\n")
        fine = keeper.stream.recv(16) == b"fine\n"
        return "" if fine else keeper.why_dead() or "a folder of the base tree can't be replaced"
    finally:
        keeper.close()
