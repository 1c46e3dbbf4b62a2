"""What changed in a workspace, read from the overlay's upper layers: from outside the box, without trusting it.

An upper layer contains what a box wrote: its files, and marks for deleted ones. An adversary wrote everything
there, so every entry is opened through its folder's descriptor, without following links, and its kind is checked
before it is read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from codegym.sandbox.protocol import Changes, File

_DEPTH = 200
"""How many folders deep changes are read."""

_OPAQUE = "user.overlay.opaque"


def changes(uppers: list[int], base: tuple[Path, ...], most: int) -> Changes:
    """Return the changes to the base tree by the layers open at descriptors ``uppers``, lowest first.

    Left out are devices, pipes and sockets, names that are not UTF-8, files more than 200 folders deep, and files
    that, in order of names, come after ``most`` bytes in all. Files equal to the base's are no change.
    """
    merged = _MergedLayers(base, most)
    for upper in uppers:
        merged.add_folder(upper)
    changed = {path: file for path, file in merged.state.items() if file != _base_file(base, path)}
    return dict(sorted(changed.items()))


def changed_files(folder: Path, base: tuple[Path, ...], most: int) -> Changes:
    """Return the differences of a whole ``folder`` from the base tree, with the omissions of :func:`changes`."""
    merged = _MergedLayers((), most)
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        merged.add_folder(top)
    finally:
        os.close(top)
    changed = {path: file for path, file in merged.state.items() if file != _base_file(base, path)}
    changed |= dict.fromkeys(path for path in _base_files(base, "") if path not in merged.state)
    return dict(sorted(changed.items()))


@dataclass
class _Folder:
    """A folder being read: its descriptor, the names still to read, and the mode to restore when it is closed."""

    descriptor: int
    prefix: str
    names: Iterator[str]
    mode: int | None = None

    def close(self) -> None:
        if self.mode is not None:
            os.fchmod(self.descriptor, self.mode)
        os.close(self.descriptor)


class _MergedLayers:
    """The layers read so far, the later ones over the earlier ones, as ``state``.

    ``bytes_left`` is how many bytes of content may still be read.
    """

    def __init__(self, base: tuple[Path, ...], bytes_left: int) -> None:
        self.state: Changes = {}
        self._folders: set[str] = set()
        self._base = base
        self._bytes_left = bytes_left

    def add_folder(self, top: int) -> None:
        """Add the content of the folder open at ``top``.

        One descriptor is open for each folder on the way down.
        """
        opened = [_Folder(os.dup(top), "", _names(top))]
        try:
            while opened:
                name = next(opened[-1].names, None)
                if name is None:
                    opened.pop().close()
                    continue
                inner = self._add(opened[-1], name)
                if inner is not None and len(opened) <= _DEPTH:
                    opened.append(inner)
                elif inner is not None:
                    inner.close()
        finally:
            for folder in reversed(opened):
                folder.close()

    def _add(self, folder: _Folder, name: str) -> _Folder | None:
        """Add one entry of a folder. If it is a folder, return it opened."""
        try:
            entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder.descriptor)
        except FileNotFoundError:  # a service in the box deleted it
            return None
        try:
            path, status = folder.prefix + name, os.fstat(entry)
            if not stat.S_ISDIR(status.st_mode):
                self._add_file(entry, path, status)
                return None
            inner = _opened_folder(entry, path, stat.S_IMODE(status.st_mode))
        finally:
            os.close(entry)
        if _is_opaque(inner.descriptor) or path in self.state or _base_file(self._base, path) is not None:
            self._hide(path)
        return inner

    def _add_file(self, entry: int, path: str, status: os.stat_result) -> None:
        if stat.S_ISREG(status.st_mode) and status.st_size <= self._bytes_left:
            self._bytes_left -= status.st_size
            self._set(path, File(_content(entry, status), executable=bool(status.st_mode & 0o100)))
        elif stat.S_ISLNK(status.st_mode):
            self._set(path, File(b"", link=os.readlink("", dir_fd=entry)))
        else:
            self._hide(path)

    def _hide(self, path: str) -> None:
        """Remove ``path`` and all below it from the state, and record the base's files there as deleted."""
        self.state.pop(path, None)
        if path in self._folders:
            self.state = {other: file for other, file in self.state.items() if not other.startswith(path + "/")}
        self.state.update(dict.fromkeys(_base_files(self._base, path)))

    def _set(self, path: str, file: File) -> None:
        self._hide(path)
        self.state[path] = file
        self._folders.update(parent.as_posix() for parent in PurePosixPath(path).parents)


def _names(folder: int) -> Iterator[str]:
    """Yield the names in a folder that are UTF-8, sorted."""
    for name in sorted(os.listdir(folder)):
        try:
            name.encode()
        except UnicodeEncodeError:
            continue
        yield name


def _opened_folder(entry: int, path: str, mode: int) -> _Folder:
    """Open the folder behind an ``O_PATH`` descriptor, whatever its mode; closing it restores the mode."""
    place, closed = Path(f"/proc/self/fd/{entry}"), mode & 0o700 != 0o700
    if closed:
        place.chmod(mode | 0o700)
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        if closed:
            place.chmod(mode)
        raise
    return _Folder(descriptor, path + "/", _names(descriptor), mode if closed else None)


def _content(entry: int, status: os.stat_result) -> bytes:
    """Return the content of the file behind an ``O_PATH`` descriptor, whatever its mode."""
    place, mode = Path(f"/proc/self/fd/{entry}"), stat.S_IMODE(status.st_mode)
    closed = not mode & 0o400
    if closed:
        place.chmod(mode | 0o400)
    try:
        with place.open("rb") as file:
            return file.read(status.st_size)
    finally:
        if closed:
            place.chmod(mode)


def _is_opaque(folder: int) -> bool:
    try:
        return os.getxattr(folder, _OPAQUE) == b"y"
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return False
        raise


def _lookup(layer: Path, path: str) -> Path | None:
    """Return the path of what a base layer has at ``path``, or of a link or file on the way there, or ``None``."""
    at = layer
    for part in path.split("/"):
        at /= part
        try:
            mode = at.lstat().st_mode
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            raise
        if stat.S_ISLNK(mode) or stat.S_ISREG(mode):
            return at
        if not stat.S_ISDIR(mode):
            return None
    return at


def _base_file(base: tuple[Path, ...], path: str) -> File | None:
    """Return the base tree's file at ``path``; ``None`` if there is none, or a folder."""
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
    """Yield the path of every file that the base tree has at or below ``path``."""
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
