"""Where an embedded box writes: in memory, or on disk where the kernel's tmpfs can't hold an overlay's marks.

Found out by laying a workspace there, with the keeper that boxes have. In memory is better: the disk limit is
hard, nothing is on the host, and nothing waits for a disk.
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
    "use Linux 6.6 or newer, or 5.19 with codegym's cache on ext4, xfs or btrfs, or the docker sandbox, where the "
    "engine lays workspaces on older kernels"
)
_TRIAL = "read go && cd /tmp/r/work && rmdir d && mkdir d && rm f && echo fine"
_SECONDS = 20.0


def disk_stage() -> Family:
    """Make a folder for a box to write in, joined once; it goes with the last who leaves, or with our lease."""
    boxes = cache_dir() / "boxes"
    try:
        boxes.mkdir(mode=0o700, parents=True, exist_ok=True)
        stage = Family(Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=boxes)), _delete)
    except OSError as error:
        raise SandboxError(f"a box can't be given a folder to write in: {error}") from error
    stage.join()
    return stage


def _delete(folder: Path) -> None:
    try:
        remove_tree(folder)
    except OSError as error:
        raise SandboxError(f"{folder}, in which a box wrote, can't be deleted: {error}") from error


@lru_cache(maxsize=4)
def stage_place(places: tuple[Place, ...] = PLACES) -> Place | None:
    """Return the first of ``places`` that works here, or ``None``; a worse one is told in the log, once."""
    found = next((place for place in places if not stage_trouble(place)), None)
    if found == "disk" and "memory" in places:
        _log.warning("boxes write on disk, their disk limit is watched: in memory, %s", stage_trouble("memory"))
    return found


@lru_cache(maxsize=2)
def stage_trouble(place: Place) -> str:
    """Return why no workspace can be laid in memory or on disk, or nothing if it can."""
    stage = None
    try:
        stage = disk_stage() if place == "disk" else None
        with tempfile.TemporaryDirectory(prefix=draft_prefix(), dir=_trees()) as base:
            Path(base, "d").mkdir()
            Path(base, "f").touch()
            return _laid(Sources((base,), stage=stage.folder if stage else None))
    except (OSError, SandboxError) as error:
        return str(error)
    finally:
        if stage:
            stage.leave()


def _trees() -> Path:
    """Return the folder of the cache in which base trees lie: another file system might do."""
    folder = cache_dir() / "trees"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _laid(sources: Sources) -> str:
    """Replace and delete what a base tree holds: overlayfs has to mark that."""
    keeper = Keeper(sources, ("sh", "-c", _TRIAL), 1)
    try:
        keeper.lay("0", ("l/0",))
        keeper.stream.settimeout(_SECONDS)
        keeper.stream.sendall(b"\n")
        fine = keeper.stream.recv(16) == b"fine\n"
        return "" if fine else keeper.why_dead() or "a folder of the base tree can't be replaced"
    finally:
        keeper.close()
