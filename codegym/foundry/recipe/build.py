"""Builds a suite: writes the tasks of a recipe suite into the cache, made from its lock.

The tasks count as certified, because the lock contains only certified ones; the digest of every tree and every
task is compared with the lock's. For a suite that lists its tasks, their sources are fetched.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codegym.atomic import write_whole
from codegym.errors import TaskError
from codegym.foundry.recipe.lock import Lock, LockedPackage, read_lock
from codegym.foundry.recipe.materialise import materialise
from codegym.foundry.recipe.recipe import Recipe, load_recipe
from codegym.progress.protocol import Progress, silent
from codegym.source import fetch
from codegym.suite import built_folder, claimed_suite, suite_root
from codegym.task import FolderSource, GitSource, SdistSource

_DOWNLOADS = 4
"""Packages or repositories that are fetched at a time."""


def build(suite: str, progress: Progress = silent) -> Path:
    """Build a suite by name, unless it is built already, and return the folder of its ``tasks.jsonl``.

    Raises :class:`~codegym.errors.TaskError` if the suite has no lock, if a package or a repository can't be
    fetched, or if a tree or a task differs from the lock.
    """
    root = suite_root(suite)
    if (root / "tasks.jsonl").is_file():
        return _fetch_listed(suite, root, progress)
    if not (root / "lock.jsonl").is_file():
        raise TaskError(f"suite {suite!r} has its tasks in {root} already: there is nothing to build")
    folder = built_folder(suite)
    lock = read_lock(root / "lock.jsonl")
    trees = _fetch_all(lock, progress)
    if not (folder / "tasks.jsonl").is_file():
        _write(folder, _lines(lock, load_recipe(root), trees, progress))
    progress("built", len(lock.tasks), len(lock.tasks))
    return folder


def _fetch_listed(suite: str, root: Path, progress: Progress) -> Path:
    """Fetch the sources of all tasks that are not folders of the suite, and return ``root``."""
    needed = {
        task.source for task in claimed_suite(suite).tasks.values() if not isinstance(task.source, FolderSource)
    }
    sources: list[SdistSource | GitSource] = sorted(needed, key=str)
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        for done, _ in enumerate(pool.map(fetch, sources), 1):
            progress("fetching repositories", done, len(sources))
    return root


def _fetch_all(lock: Lock, progress: Progress) -> dict[str, Path]:
    progress("fetching packages", 0, len(lock.packages))
    trees: dict[str, Path] = {}
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        for package, tree in zip(lock.packages, pool.map(_fetch, lock.packages), strict=True):
            trees[package.package] = tree
            progress("fetching packages", len(trees), len(lock.packages))
    return trees


def _fetch(package: LockedPackage) -> Path:
    tree = fetch(SdistSource(name=package.package, version=package.version, sha256=package.sha256))
    if tree.name != package.tree:
        raise TaskError(
            f"{package.package}: the digest of its tree is {tree.name}, but {package.tree} in the lock: "
            "make the lock again"
        )
    return tree


def _lines(lock: Lock, recipe: Recipe, trees: dict[str, Path], progress: Progress) -> list[str]:
    lines: list[str] = []
    packages = {package.package: package for package in lock.packages}
    for done, locked in enumerate(lock.tasks, 1):
        task = materialise(locked, packages[locked.of], recipe, trees[locked.of])
        if task.digest != locked.digest:
            raise TaskError(
                f"{task.id}: its digest is {task.digest}, but {locked.digest} in the lock: make the lock again"
            )
        lines.append(task.json_line() + "\n")
        progress("writing tasks", done, len(lock.tasks))
    return lines


def _write(folder: Path, lines: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "tasks.jsonl", "".join(lines))
