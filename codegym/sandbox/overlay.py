"""What changed in a workspace, read from the overlay's upper layers: outside the box, without trusting it.

An upper layer holds what a box wrote: its files, and marks for what it deleted. Whatever stands there was put
there by an adversary, so that every entry is opened by its folder's descriptor, without following links, and
looked at before it is read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from codegym.sandbox.protocol import Changes, File

_DEPTH = 200
_OPAQUE = "user.overlay.opaque"


def changes(uppers: list[int], base: tuple[Path, ...], most: int) -> Changes:
    """Return what the layers open at descriptors ``uppers`` (lowest first) make of the base tree.

    Left out are devices, pipes and sockets, names that are not UTF-8, what lies more than 200 folders deep,
    and what comes, in order of names, after ``most`` bytes in all. Files equal to the base's are no change.
    """
    merged = _Merged(base, most)
    for upper in uppers:
        merged.add_folder(upper, "", 0)
    found = {path: file for path, file in merged.state.items() if file != _base_file(base, path)}
    return dict(sorted(found.items()))


def changed_files(folder: Path, base: tuple[Path, ...], most: int) -> Changes:
    """Return what differs between a whole ``folder`` and the base tree, left out as in :func:`changes`."""
    merged = _Merged((), most)
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        merged.add_folder(top, "", 0)
    finally:
        os.close(top)
    found = {path: file for path, file in merged.state.items() if file != _base_file(base, path)}
    found |= dict.fromkeys(path for path in _base_files(base, "") if path not in merged.state)
    return dict(sorted(found.items()))


class _Merged:
    """The layers seen so far, laid over each other."""

    def __init__(self, base: tuple[Path, ...], room: int) -> None:
        self.state: Changes = {}
        self._folders: set[str] = set()
        self._base = base
        self._room = room

    def add_folder(self, folder: int, prefix: str, depth: int) -> None:
        for name in sorted(os.listdir(folder)):
            try:
                name.encode()
            except UnicodeEncodeError:
                continue
            entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                self._add(entry, prefix + name, depth)
            finally:
                os.close(entry)

    def _add(self, entry: int, path: str, depth: int) -> None:
        status = os.fstat(entry)
        if stat.S_ISDIR(status.st_mode):
            self._add_subfolder(entry, path, depth)
        elif stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            self._hide(path)
        elif stat.S_ISREG(status.st_mode) and status.st_size <= self._room:
            self._room -= status.st_size
            self._set(path, File(_content(entry, status.st_size), executable=bool(status.st_mode & 0o100)))
        elif stat.S_ISLNK(status.st_mode):
            self._set(path, File(b"", link=os.readlink("", dir_fd=entry)))
        else:
            self._hide(path)

    def _add_subfolder(self, entry: int, path: str, depth: int) -> None:
        with _opened(entry, os.O_RDONLY | os.O_DIRECTORY) as folder:
            if _is_opaque(folder) or path in self.state or _base_file(self._base, path) is not None:
                self._hide(path)
            if depth < _DEPTH:
                self.add_folder(folder, path + "/", depth + 1)

    def _hide(self, path: str) -> None:
        """Forget ``path`` and all below it, and note what of it the base has as deleted."""
        self.state.pop(path, None)
        if path in self._folders:
            self.state = {known: file for known, file in self.state.items() if not known.startswith(path + "/")}
        self.state.update(dict.fromkeys(_base_files(self._base, path)))

    def _set(self, path: str, file: File) -> None:
        self._hide(path)
        self.state[path] = file
        self._folders.update(parent.as_posix() for parent in PurePosixPath(path).parents)


@contextmanager
def _opened(entry: int, flags: int) -> Iterator[int]:
    """Open what an ``O_PATH`` descriptor names: the very inode that was looked at, whatever its mode."""
    path = Path(f"/proc/self/fd/{entry}")
    mode = stat.S_IMODE(os.fstat(entry).st_mode)
    needed = mode | (0o700 if flags & os.O_DIRECTORY else 0o400)
    if needed != mode:
        path.chmod(needed)
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        if needed != mode:
            path.chmod(mode)


def _content(entry: int, size: int) -> bytes:
    with _opened(entry, os.O_RDONLY) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read(size)


def _is_opaque(folder: int) -> bool:
    try:
        return os.getxattr(folder, _OPAQUE) == b"y"
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return False
        raise


def _lookup(layer: Path, path: str) -> Path | None:
    """Return what a base layer has at ``path``, or the link or file in the way that hides it, or ``None``."""
    at = layer
    for part in path.split("/"):
        at /= part
        if at.is_symlink() or at.is_file():
            return at
    return at if at.is_dir() else None


def _base_file(base: tuple[Path, ...], path: str) -> File | None:
    for layer in base:
        file = _lookup(layer, path)
        if file is None:
            continue
        if file != layer / path or (file.is_dir() and not file.is_symlink()):
            return None
        if file.is_symlink():
            return File(b"", link=str(file.readlink()))
        return File(file.read_bytes(), executable=bool(file.stat().st_mode & 0o100))
    return None


def _base_files(base: tuple[Path, ...], path: str) -> Iterator[str]:
    """Yield every file that the base has at or below ``path``."""
    for layer in base:
        top = _lookup(layer, path)
        if top is not None and not (top.is_dir() and not top.is_symlink()):
            if top == layer / path:
                yield path
            return
        for folder, names, files in os.walk(layer / path) if top else ():
            links = [name for name in names if (Path(folder) / name).is_symlink()]
            for name in files + links:
                yield (Path(folder) / name).relative_to(layer).as_posix()
