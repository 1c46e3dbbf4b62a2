"""Folders on the host's disk in which a box writes: their size, the boxes that share them, and their removal.

An adversary chose every name, mode and depth in them, and may still be writing: no link is followed, nothing is
recursive, and a file that disappears meanwhile is skipped.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = 4096
_REMOVE_SECONDS = 10.0
"""How long a process that still writes in a folder may take to end before deleting the folder fails."""

_serial = itertools.count()


class Family:
    """The folder that a box and its forks share. ``remove`` deletes it when the last of them leaves."""

    def __init__(self, folder: Path, remove: Callable[[Path], None]) -> None:
        self.folder = folder
        self._remove = remove
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._members = 0

    def join(self) -> None:
        """Count one more box."""
        with self._lock:
            self._members += 1

    def leave(self) -> None:
        """Count one box less. The last one deletes the folder."""
        with self._lock:
            self._members -= 1
            if self._members == 0:
                self._remove(self.folder)

    def new_path(self, kind: str) -> Path:
        """Return a path in the folder that no call has returned before; its name begins with ``kind``."""
        with self._lock:
            return self.folder / f"{kind}{next(self._numbers)}"


def usage(folder: Path) -> int:
    """Return how many bytes of disk a folder's content uses; each file or folder counts as one block at least.

    Return ``sys.maxsize`` if the folder is deeper than a path can name.
    """
    total, folders = 0, [str(folder)]
    while folders:
        path = folders.pop()
        try:
            with _open_folder(path) as descriptor:
                for name, status in _content(descriptor):
                    total += max(_BLOCK, status.st_blocks * 512)
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(f"{path}/{name}")
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return sys.maxsize
            if error.errno not in _CHANGED:
                raise
    return total


_CHANGED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""Errors for a folder that a command has deleted or replaced meanwhile."""


def _content(folder: int) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                yield entry.name, entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue


@contextmanager
def _open_folder(name: str, within: int | None = None) -> Iterator[int]:
    """Open a folder, but no link to one. A folder of our own user that forbids access is made accessible."""
    place = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=within)
    try:
        have, path = os.fstat(place), Path(f"/proc/self/fd/{place}")
        if have.st_uid == os.getuid() != 0 and have.st_mode & 0o700 != 0o700:
            path.chmod(stat.S_IMODE(have.st_mode) | 0o700)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(place)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Delete a folder and its content, whatever its modes, names and depth. A missing folder is fine.

    Try for ten seconds, since a process may still write in it. Raises ``OSError`` if that fails.
    """
    deadline = time.monotonic() + _REMOVE_SECONDS
    while os.path.lexists(folder):
        try:
            with _open_folder(str(folder)) as top:
                while _empty(top):
                    continue
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline and folder.exists():
                raise
            time.sleep(0.01)


def _empty(top: int) -> bool:
    """Delete the files in a folder and in its folders, and move deeper folders up to ``top``, for the next pass.

    Return whether there were deeper folders.
    """
    moved = False
    for name in os.listdir(top):
        if _delete(name, top):
            continue
        with _open_folder(name, top) as inner:
            for deep in os.listdir(inner):  # noqa: PTH208  by descriptor
                if _delete(deep, inner):
                    continue
                with _open_folder(deep, inner):
                    os.rename(deep, f".gone-{next(_serial)}", src_dir_fd=inner, dst_dir_fd=top)
                moved = True
        os.rmdir(name, dir_fd=top)
    return moved


def _delete(name: str, within: int) -> bool:
    """Delete a file or an empty folder. Return whether it is gone."""
    for delete in (os.unlink, os.rmdir):
        try:
            delete(name, dir_fd=within)
        except FileNotFoundError:
            return True
        except OSError:
            continue
        return True
    return False
