"""Folders on the host's disk: layers that belong to the box's user, and workspaces of ``docker-volume``.

The engine's ``local`` volume driver can mount an overlayfs: the base tree's folders below, a folder of ours on
top. The container gets copy-on-write without a privilege and without a copy. What it changed is in that upper
folder, where we read it from outside. A snapshot copies the upper folder alone, so its cost depends only on what
was changed.
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

from codegym.atomic import publish_folder
from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import SandboxError
from codegym.sandbox.host.folder import remove_tree
from codegym.sandbox.host.lease import draft_prefix


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with overlayfs's marks in it (whiteouts, attributes); ``target`` must not exist.

    No process of a box may use it meanwhile: files that we may not read are made readable while the copy runs.
    """
    argv = ["cp", "-a", "--reflink=auto", "--", str(source), str(target)]
    closed = _make_readable(source)
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    finally:
        for path, mode in reversed(closed):
            for place in (source, target):
                if (place / path).exists():
                    (place / path).chmod(mode)
    if done.returncode != 0:
        raise SandboxError(f"copying {source} to {target} failed: {done.stderr.strip()[:500]}")


def _make_readable(root: Path) -> list[tuple[Path, int]]:
    """Make everything below ``root`` readable to us.

    Return the former (path, mode) of each changed file or folder.
    """
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
    """Return the folder of the cache with what Docker boxes need. It may not exist yet."""
    return cache_dir() / "docker"


def _spare_dir() -> Path:
    return docker_dir() / "spare"


def overlay_options(layers: Sequence[Path], upper: Path, work: Path) -> dict[str, str]:
    """Return the ``local`` volume driver's options for an overlay of ``layers`` (topmost first) under ``upper``.

    Raises :class:`SandboxError` for a path or a number of layers that the driver or the kernel can't mount.
    """
    bad = next((str(path) for path in (*layers, upper) if set(str(path)) & set(",:\\")), None)
    if bad is not None:
        raise SandboxError(
            f"Docker can't mount {bad!r}: its path contains a comma, colon or backslash; move the cache"
        )
    lower = ":".join(map(str, layers))
    data = f"lowerdir={lower},upperdir={upper},workdir={work},userxattr,index=off,metacopy=off,nosuid,nodev"
    if len(data) >= 4096:
        raise SandboxError(f"{len(layers)} layers are more than one overlay mount can have: flatten the tree")
    return {"type": "overlay", "device": "overlay", "o": data}


def owned_layer(layer: Path, uid: int, store: Path) -> Path:
    """Return a folder with the content of ``layer`` whose files belong to ``uid``: itself, or a copy made once.

    An overlay shows files with their owner on disk, and the box's user could not edit another user's files.
    """
    status = layer.stat()
    if status.st_uid == uid:
        return layer
    target = store / digest_json([str(layer.resolve()), status.st_dev, status.st_ino, status.st_ctime_ns, uid])
    if target.is_dir():
        return target
    store.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=store))
    try:
        copy_tree(layer, draft / "tree")
        _change_owners(draft / "tree", uid)
        publish_folder(draft / "tree", target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def change_owner(path: Path, uid: int) -> None:
    """Make one file or folder belong to ``uid``, and if we are root to its group. Links are not followed."""
    os.chown(path, uid, uid if os.getuid() == 0 else -1, follow_symlinks=False)


def _change_owners(root: Path, uid: int) -> None:
    change_owner(root, uid)
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            change_owner(Path(folder) / name, uid)


def make_work_folder(place: Path) -> None:
    """Make an overlay's work folder; a spare one is used up first, see :func:`remove_folder`."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for spare in _spare_dir().glob("*"):
        try:
            spare.rename(place)
        except FileNotFoundError:  # another box was quicker
            continue
        return
    place.mkdir()


def remove_folder(folder: Path) -> None:
    """Delete a folder and its content, whatever the modes of its files; a missing folder is fine.

    The kernel may leave a deleted file's mark, as root, in an overlay's work folder, and removes it at the next
    mount. If we are not root we can't delete such a folder and keep it as a spare.
    """
    if os.getuid() != 0:
        for work in folder.glob("**/work/work"):
            try:
                work.rmdir()
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    raise
                _spare_dir().mkdir(parents=True, exist_ok=True)
                work.parent.rename(_spare_dir() / os.urandom(8).hex())
    remove_tree(folder)
