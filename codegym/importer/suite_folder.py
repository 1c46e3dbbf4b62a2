"""Writes imported tasks as a suite: ``suite.toml``, ``tasks.jsonl``, and the folders that tasks name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from codegym.atomic import publish_folder
from codegym.catalog import suites_dir
from codegym.errors import ConfigError, TaskError, is_of_machine
from codegym.importer.imported_task import ImportedTask
from codegym.sandbox.host.lease import draft_folder
from codegym.suite import Manifest
from codegym.tree import write_file

_UNWRITABLE = (ValueError, RecursionError, OSError)


def write_suite(
    folder: Path,
    manifest: Manifest,
    tasks: Iterable[ImportedTask],
    skip: Callable[[TaskError], None] | None = None,
) -> int:
    """Write a suite to ``folder``, which is renamed into place when complete, and return the number of its tasks.

    ``skip`` is called with the error of a task that can't be written, or whose id an earlier one has; without it,
    the error is raised. Raises :class:`~codegym.errors.ConfigError` if the folder has other files, or if there is
    no task.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or _is_ours(folder))):
        raise ConfigError(f"{folder} has files that are no imported suite: choose another --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with draft_folder(folder.parent) as scratch:
        partial = scratch / folder.name
        partial.mkdir()
        count = _write_tasks(partial, tasks, skip)
        (partial / "suite.toml").write_text(_toml(manifest))
        publish_folder(partial, folder, replace=True)
    return count


def register(name: str, folder: Path) -> None:
    """Register the suite in ``folder`` under ``name``, by a link in the user's folder of suites.

    Raises :class:`~codegym.errors.ConfigError` if another suite has that name.
    """
    link = suites_dir() / name
    if link.resolve() == folder.resolve():
        return
    if link.is_symlink() and not link.exists():
        link.unlink()
    if link.exists():
        raise ConfigError(f"suite {name!r} exists already, in {link.resolve()}: choose another --name")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder.resolve())


def _is_ours(folder: Path) -> bool:
    return (folder / "suite.toml").is_file() and (folder / "tasks.jsonl").is_file()


def _write_tasks(folder: Path, tasks: Iterable[ImportedTask], skip: Callable[[TaskError], None] | None) -> int:
    written: set[str] = set()
    with (folder / "tasks.jsonl").open("w", encoding="utf-8") as file:
        for imported in tasks:
            try:
                if imported.task.id in written:
                    raise TaskError(
                        f"two tasks have the id {imported.task.id!r}: import them as two suites, or rename one"
                    )
                line = _write_task(folder, imported)
            except TaskError as error:
                if skip is None:
                    raise
                skip(error)
                continue
            written.add(imported.task.id)
            file.write(line)
    if not written:
        raise ConfigError("there is no task to import: is the path right?")
    return len(written)


def _write_task(folder: Path, imported: ImportedTask) -> str:
    """Write a task's folders and return its line. Raises TaskError if a path or a text can't be written."""
    try:
        line = imported.task.model_dump_json() + "\n"
        line.encode()
        _write_folders(folder, imported)
    except _UNWRITABLE as error:
        if isinstance(error, OSError) and is_of_machine(error):
            raise
        raise TaskError(f"{imported.task.id} can't be written ({type(error).__name__}: {error})") from error
    return line


def _write_folders(root: Path, imported: ImportedTask) -> None:
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
    """Return the text of ``suite.toml``. Strings are written as in JSON, which is valid TOML."""
    fields: Mapping[str, object] = manifest.model_dump(exclude_defaults=True, exclude={"splits"})
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())
