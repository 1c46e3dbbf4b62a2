"""From a task's source to a read-only tree in the cache.

:func:`fetch` downloads a source once and records its tree under the pinned hash or commit. After that no network
is needed, and suites that use the same package share the tree.
"""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path

from codegym.atomic import write_whole
from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.sandbox.host.lease import draft_folder
from codegym.sdist import download, read_sdist
from codegym.task import FolderSource, GitSource, SdistSource, Source
from codegym.tree import read_tree, store_tree, tree_digest

_GIT_SECONDS = 600


def source_tree(source: Source, root: Path) -> Path:
    """Return the folder in the cache that contains the tree of ``source``. Never write to it.

    The folder's name is the tree's digest. ``root`` is the suite's folder; a folder source's path is relative to
    it. Raises :class:`~codegym.errors.TaskError` if a folder does not have the digest that the task names, or if
    the source has not been fetched yet.
    """
    if isinstance(source, FolderSource):
        return _folder_tree(root / source.path, source.digest)
    tree = _recorded_tree(source)
    if tree is None:
        raise TaskError(f"{_label(source)} has not been fetched: run `codegym build {root.name}`")
    return tree


def fetch(source: SdistSource | GitSource) -> Path:
    """Download ``source`` into the cache unless it is there already, and return its tree's folder.

    Raises :class:`~codegym.errors.TaskError` if it can't be downloaded or does not match the pinned hash.
    """
    tree = _recorded_tree(source)
    if tree is not None:
        return tree
    with draft_folder() as folder:
        if isinstance(source, SdistSource):
            files = read_sdist(download(source, folder))
        else:
            files = read_tree(_checkout(source, folder))
    return _record(source, store_tree(files))


def _record(source: SdistSource | GitSource, tree: Path) -> Path:
    record = _record_path(source)
    record.parent.mkdir(parents=True, exist_ok=True)
    write_whole(record, tree.name)
    return tree


def _recorded_tree(source: SdistSource | GitSource) -> Path | None:
    record = _record_path(source)
    if not record.is_file():
        return None
    tree = cache_dir() / "trees" / record.read_text()
    return tree if tree.is_dir() else None


def _record_path(source: SdistSource | GitSource) -> Path:
    if isinstance(source, SdistSource):
        return cache_dir() / "sources" / source.sha256
    return cache_dir() / "sources" / digest_json(["git", source.url, source.commit])


def _label(source: SdistSource | GitSource) -> str:
    if isinstance(source, SdistSource):
        return f"{source.name}=={source.version}"
    return f"{source.url} at {source.commit}"


def _folder_tree(folder: Path, digest: str) -> Path:
    if not folder.is_dir():
        raise TaskError(f"there is no folder {folder}")
    return _store_folder(folder, digest, cache_dir())


@lru_cache(maxsize=1024)
def _store_folder(folder: Path, digest: str, _cache: Path) -> Path:
    files = read_tree(folder)
    actual = tree_digest(files)
    if actual != digest:
        raise TaskError(
            f"{folder} has changed: its digest is {actual}, the task names {digest}: restore the folder"
        )
    return store_tree(files)


def _checkout(source: GitSource, folder: Path) -> Path:
    """Check out one commit without its history and hooks; credentials and proxies are those of the user's git."""
    _git(folder, "init", "--quiet", "--template=")
    _git(folder, "fetch", "--quiet", "--depth=1", "--no-tags", "--", source.url, source.commit)
    _git(folder, "-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD")
    return folder


def _git(folder: Path, *arguments: str) -> None:
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    argv = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", *arguments]
    try:
        subprocess.run(
            argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=_GIT_SECONDS, check=True
        )
    except FileNotFoundError as error:
        raise TaskError("git is not installed: apt-get install git") from error
    except subprocess.CalledProcessError as error:
        raise TaskError(f"git {arguments[0]} failed: {error.stderr.strip()[-1000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise TaskError(f"git {arguments[0]} took over {_GIT_SECONDS} s: try again") from error
