"""Base trees: read-only folders in the cache, named by the digest of their content.

A tree is stored once and shared by every box that needs it. A task's tree is its source's tree with the
changed files of the setup patch as a second, small layer on top, so that six hundred tasks of one package
cost one copy of the package.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from codegym.atomic import publish_folder
from codegym.catalog import cache_dir
from codegym.digest import digest_bytes, digest_json
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.protocol import File

Files = Mapping[str, File]
"""Maps a path relative to the tree's root, with ``/``, to the file."""

_IGNORED_FOLDERS = frozenset({".git", "__pycache__", ".pytest_cache", "node_modules"})


def read_tree(root: Path) -> dict[str, File]:
    """Read every file below ``root``, sorted by path, except version control and caches."""
    files: dict[str, File] = {}
    for folder, names, entries in os.walk(root):
        names[:] = sorted(name for name in names if name not in _IGNORED_FOLDERS)
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        for entry in sorted(entries + links):
            path = Path(folder) / entry
            files[path.relative_to(root).as_posix()] = _read_file(path)
    return dict(sorted(files.items()))


def without_caches(files: Files) -> dict[str, File]:
    """Return ``files`` without those that :func:`read_tree` would leave out."""
    return {path: file for path, file in files.items() if _IGNORED_FOLDERS.isdisjoint(path.split("/")[:-1])}


def tree_digest(files: Files) -> str:
    """Return the digest of a tree. It covers paths, contents, executable bits and links, nothing else."""
    return digest_json({path: [digest_bytes(f.content), f.executable, f.link] for path, f in files.items()})


def store_tree(files: Files, store: Path | None = None) -> Path:
    """Write ``files`` to the folder ``<store>/<digest>`` unless it exists, and return that folder.

    Several processes may do this at once, and any may be killed: the folder appears whole or not at all.
    """
    store = store or cache_dir() / "trees"
    target = store / tree_digest(files)
    if target.is_dir():
        return target
    store.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=store))
    try:
        for path, file in files.items():
            write_file(draft / path, file)
        draft.chmod(0o755)
        publish_folder(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def write_file(path: Path, file: File) -> None:
    """Write one file with a fixed time stamp, so that equal trees give equal byte-code caches."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.link is not None:
        path.symlink_to(file.link)
        return
    path.write_bytes(file.content)
    path.chmod(0o755 if file.executable else 0o644)
    os.utime(path, (1_000_000_000, 1_000_000_000))


def file_at(layer: Path, path: str) -> File | None:
    """Return the file at ``path`` in the folder ``layer``, or ``None`` if there is none.

    A path that goes through a symbolic link is not followed: it gives ``None``.
    """
    target = layer / path
    try:
        mode = target.lstat().st_mode
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP):
            return None
        raise
    if stat.S_ISDIR(mode) or any((layer / parent).is_symlink() for parent in PurePosixPath(path).parents):
        return None
    return _read_file(target)


def _read_file(path: Path) -> File:
    if path.is_symlink():
        return File(b"", link=str(path.readlink()))
    return File(path.read_bytes(), executable=os.access(path, os.X_OK) and bool(path.stat().st_mode & 0o100))
