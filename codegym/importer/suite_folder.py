"""Imported tasks as a suite on disk: ``suite.toml``, ``tasks.jsonl``, and the folders that tasks name."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from codegym.atomic import publish_folder
from codegym.catalog import suites_dir
from codegym.errors import ConfigError, TaskError
from codegym.importer.imported import Imported
from codegym.suite import Manifest
from codegym.tree import write_file

_UNWRITABLE = (ValueError, NotADirectoryError, IsADirectoryError, FileExistsError)


def write_suite(
    folder: Path, manifest: Manifest, tasks: Iterable[Imported], skip: Callable[[TaskError], None] | None = None
) -> int:
    """Write a suite into ``folder``, whole or not at all, and return the number of its tasks.

    ``skip`` is called with the error of a task that can't be written; without it that error is raised.
    Raises :class:`~codegym.errors.ConfigError` if the folder holds something else, if there is no task, or if two
    have one id.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or _is_ours(folder))):
        raise ConfigError(f"{folder} is there and holds no imported suite: choose another --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        count = _write_tasks(draft, tasks, skip)
        (draft / "suite.toml").write_text(_toml(manifest))
        draft.chmod(0o755)
        publish_folder(draft, folder, replace=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return count


def register(name: str, folder: Path) -> None:
    """Make the suite in ``folder`` one that is found by name, by a link in the user's folder of suites.

    Raises :class:`~codegym.errors.ConfigError` if another suite has the name there.
    """
    link = suites_dir() / name
    if link.resolve() == folder.resolve():
        return
    if link.is_symlink() and not link.exists():
        link.unlink()
    if link.exists():
        raise ConfigError(f"there is a suite {name!r} already, in {link.resolve()}: choose another --name")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder.resolve())


def _is_ours(folder: Path) -> bool:
    return (folder / "suite.toml").is_file() and (folder / "tasks.jsonl").is_file()


def _write_tasks(folder: Path, tasks: Iterable[Imported], skip: Callable[[TaskError], None] | None) -> int:
    seen: set[str] = set()
    with (folder / "tasks.jsonl").open("w", encoding="utf-8") as file:
        for imported in tasks:
            if imported.task.id in seen:
                raise ConfigError(f"two tasks have the id {imported.task.id!r}")
            try:
                line = _write_task(folder, imported)
            except TaskError as error:
                if skip is None:
                    raise
                skip(error)
                continue
            seen.add(imported.task.id)
            file.write(line)
    if not seen:
        raise ConfigError("there was no row to import")
    return len(seen)


def _write_task(folder: Path, imported: Imported) -> str:
    """Write a task's folders and return its line. Raises :class:`TaskError` for what no file can hold."""
    try:
        line = imported.task.model_dump_json() + "\n"
        line.encode()
        _write_folders(folder, imported)
    except _UNWRITABLE as error:
        raise TaskError(f"{imported.task.id} can't be written ({type(error).__name__}: {error})") from error
    return line


def _write_folders(root: Path, imported: Imported) -> None:
    for path, files in imported.folders.items():
        if not (root / path).exists():
            try:
                (root / path).mkdir(parents=True)
                for name, file in files.items():
                    write_file(root / path / name, file)
            except _UNWRITABLE:
                shutil.rmtree(root / path)
                raise


def _toml(manifest: Manifest) -> str:
    """Return ``suite.toml``. Strings are written as JSON writes them, which TOML reads."""
    fields: Mapping[str, object] = manifest.model_dump(exclude_defaults=True, exclude={"splits"})
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())
