"""A box's workspace on the host's disk, for a Docker engine that mounts it as an overlay.

The engine's ``local`` volume driver mounts an overlayfs when asked to: the base tree's folders below, a folder of
ours on top. The container gets copy-on-write without a privilege and without a copy, and what it changed lies
in that upper folder, where we read it from outside. A snapshot is a copy of the upper folder alone, and so
costs what was changed, however large the repository and however deep the snapshots.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import SandboxError
from codegym.sandbox.host.folder import remove_tree
from codegym.sandbox.host.lease import draft_prefix


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with all that overlayfs keeps in it (whiteouts, attributes); ``target`` must not exist.

    No process of a box may run in it meanwhile: what is closed to us is opened for as long as the copy takes.
    """
    argv = ["cp", "-a", "--reflink=auto", "--", str(source), str(target)]
    closed = _open_all(source)
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    finally:
        for path, mode in reversed(closed):
            for place in (source, target):
                if (place / path).exists():
                    (place / path).chmod(mode)
    if done.returncode != 0:
        raise SandboxError(f"copying {source} to {target} failed: {done.stderr.strip()[:500]}")


def _open_all(root: Path) -> list[tuple[Path, int]]:
    """Make all below ``root`` readable to us, and return what was not, relative to ``root``, with its mode."""
    closed: list[tuple[Path, int]] = []
    if os.getuid() == 0:
        return closed
    for folder, folders, files in os.walk(root):
        for path in (Path(folder) / name for name in folders + files):
            mode = path.lstat().st_mode
            need = 0o700 if stat.S_ISDIR(mode) else 0o400 if stat.S_ISREG(mode) else 0
            if mode & need != need:
                closed.append((path.relative_to(root), stat.S_IMODE(mode)))
                path.chmod(stat.S_IMODE(mode) | need)
    return closed


def docker_dir() -> Path:
    """Return the folder of the cache that holds what Docker boxes need; not created here."""
    return cache_dir() / "docker"


def _spare() -> Path:
    return docker_dir() / "spare"


def overlay_options(layers: Sequence[Path], upper: Path, work: Path) -> dict[str, str]:
    """Return the ``local`` volume driver's options for an overlay of ``layers`` (topmost first) under ``upper``.

    Raises :class:`SandboxError` for what the driver or the kernel can't take.
    """
    bad = next((str(path) for path in (*layers, upper) if set(str(path)) & set(",:\\")), None)
    if bad is not None:
        raise SandboxError(
            f"Docker can't mount {bad!r}: its path holds a comma, colon or backslash; move the cache"
        )
    lower = ":".join(map(str, layers))
    data = f"lowerdir={lower},upperdir={upper},workdir={work},userxattr,index=off,metacopy=off,nosuid,nodev"
    if len(data) >= 4096:
        raise SandboxError(f"{len(layers)} layers are more than one overlay mount takes: flatten the tree")
    return {"type": "overlay", "device": "overlay", "o": data}


def owned_layer(layer: Path, uid: int, store: Path) -> Path:
    """Return a folder with the content of ``layer`` whose files belong to ``uid``: itself, or a copy made once.

    Overlayfs shows the owner that files have on disk; the box's user could not edit those of another.
    """
    seen = layer.stat()
    if seen.st_uid == uid:
        return layer
    target = store / digest_json([str(layer.resolve()), seen.st_dev, seen.st_ino, seen.st_ctime_ns, uid])
    if target.is_dir():
        return target
    store.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=store))
    try:
        copy_tree(layer, draft / "tree")
        _give_all(draft / "tree", uid)
        try:
            (draft / "tree").rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def give(path: Path, uid: int) -> None:
    """Make one file or folder belong to ``uid``, and to its group where we are root; links are not followed."""
    os.chown(path, uid, uid if os.getuid() == 0 else -1, follow_symlinks=False)


def _give_all(root: Path, uid: int) -> None:
    give(root, uid)
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            give(Path(folder) / name, uid)


def make_work_folder(place: Path) -> None:
    """Make an overlay's work folder, from a spare one if there is any."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for spare in _spare().glob("*"):
        try:
            spare.rename(place)
        except FileNotFoundError:  # another box was quicker
            continue
        return
    place.mkdir()


def remove_folder(folder: Path) -> None:
    """Delete a folder with all in it, also what the box or the kernel closed to us; missing is fine.

    The kernel may leave a deleted file's mark in an overlay's work folder, as root, and sweeps it out at the
    next mount. Who is not root keeps such a folder as a spare.
    """
    if os.getuid() != 0:
        for work in folder.glob("**/work/work"):
            try:
                work.rmdir()
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    raise
                _spare().mkdir(parents=True, exist_ok=True)
                work.parent.rename(_spare() / os.urandom(8).hex())
    remove_tree(folder)
