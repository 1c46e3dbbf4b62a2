"""Folders on the host's disk in which a box writes: what they take, who shares them, and how they are deleted.

An adversary chose every name, mode and depth in them and may still be at it: no link is followed, nothing is
recursive, and what goes away meanwhile is passed over.
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
_PATIENCE = 10.0
_serial = itertools.count()


class Family:
    """The folder that boxes share, deleted by ``remove`` when the last of them leaves."""

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
        """Count one box less, and delete all with the last."""
        with self._lock:
            self._members -= 1
            if self._members == 0:
                self._remove(self.folder)

    def place(self, kind: str) -> Path:
        """Return a path below the folder that was never given out before."""
        with self._lock:
            return self.folder / f"{kind}{next(self._numbers)}"


def usage(folder: Path) -> int:
    """Return the bytes of disk that a folder's content takes; a file or folder counts for one block at least.

    What lies deeper than a path can name is more than any limit.
    """
    total, folders = 0, [str(folder)]
    while folders:
        path = folders.pop()
        try:
            with _opened(path) as descriptor:
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
"""What comes of a command that runs meanwhile."""


def _content(folder: int) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                yield entry.name, entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue


@contextmanager
def _opened(name: str, within: int | None = None) -> Iterator[int]:
    """Open a folder, not a link to one; one that a box's user, if that is us, has closed to itself stays open."""
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
    """Delete a folder with all in it, whatever its modes, names and depth; missing is fine.

    Who still writes in it is given some seconds to end. Raises ``OSError`` if something stays.
    """
    deadline = time.monotonic() + _PATIENCE
    while os.path.lexists(folder):
        try:
            with _opened(str(folder)) as top:
                while _empty(top):
                    continue
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline and folder.exists():
                raise
            time.sleep(0.01)


def _empty(top: int) -> bool:
    """Delete what is in a folder; what lies deeper is moved up for the next pass. Return whether there was any."""
    moved = False
    for name in os.listdir(top):
        if _deleted(name, top):
            continue
        with _opened(name, top) as inner:
            for deep in os.listdir(inner):  # noqa: PTH208  by descriptor
                if _deleted(deep, inner):
                    continue
                with _opened(deep, inner):
                    os.rename(deep, f".gone-{next(_serial)}", src_dir_fd=inner, dst_dir_fd=top)
                moved = True
        os.rmdir(name, dir_fd=top)
    return moved


def _deleted(name: str, within: int) -> bool:
    """Delete a file or an empty folder; return whether it is gone."""
    for delete in (os.unlink, os.rmdir):
        try:
            delete(name, dir_fd=within)
        except FileNotFoundError:
            return True
        except OSError:
            continue
        return True
    return False
