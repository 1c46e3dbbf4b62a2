"""A forged suite on disk: its manifest, its tasks, the trees that they name, and the report of its making."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from codegym.atomic import publish_folder
from codegym.catalog import images_dir, suites_dir
from codegym.errors import ConfigError
from codegym.foundry.forge.anchor import Anchor
from codegym.importer.suite_folder import register
from codegym.sandbox.image.image import image_folder
from codegym.suite import Manifest, Suite, load_suite, suite_names, suite_root
from codegym.task import Task
from codegym.tree import write_file


def suite_folder(name: str, out: Path | None, *, replace: bool) -> tuple[Path, int]:
    """Return the folder for a suite called ``name``, and the version that the suite gets.

    Raises :class:`~codegym.errors.ConfigError` if the name is not allowed or taken by another suite, or if the
    folder is not empty and may not be replaced.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(
            f"{name!r} can't name a suite: only letters in lower case, digits and underscores; use --name"
        )
    folder = (out or suites_dir() / name).resolve()
    if name in suite_names() and suite_root(name).resolve() != folder:
        raise ConfigError(f"suite {name!r} exists already, in {suite_root(name)}: choose another --name")
    if not folder.exists() or not any(folder.iterdir()):
        return folder, 1
    if not replace or not (folder / "forge.json").is_file():
        raise ConfigError(f"{folder} exists already: choose another --out or --name, or --replace a forged suite")
    return folder, forged_version(folder) + 1


def forged_version(folder: Path) -> int:
    """Return the version of the forged suite in ``folder``."""
    return int(json.loads((folder / "forge.json").read_text())["version"])


def draft_suite(folder: Path, manifest: Manifest, tasks: Iterable[Task], anchors: Iterable[Anchor]) -> Suite:
    """Return a suite of ``tasks`` in ``folder``. Its trees are written if they are missing, all else is not."""
    for anchor in anchors:
        root = folder / anchor.source.path
        if not root.is_dir():
            for path, file in anchor.files.items():
                write_file(root / path, file)
    by_id = {task.id: task for task in tasks}
    splits: dict[str, tuple[str, ...]] = {}
    for task in by_id.values():
        split = str(task.metadata["split"])
        splits[split] = (*splits.get(split, ()), task.id)
    return Suite(manifest, folder, by_id, splits)


def write_forged(suite: Suite, report: dict[str, Any]) -> None:
    """Write a suite's manifest, its tasks, the report, and copies of the images that were made for it.

    The trees are there already; those that no task names are deleted.
    """
    root = suite.root
    fields = suite.manifest.model_dump(exclude={"splits"}, exclude_defaults=True)
    toml = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())
    (root / "suite.toml").write_text(toml)
    (root / "tasks.jsonl").write_text("".join(f"{task.json_line()}\n" for task in suite.tasks.values()))
    (root / "forge.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    used_paths = {getattr(task.source, "path", "") for task in suite.tasks.values()}
    for image in sorted({task.image for task in suite.tasks.values()}):
        if image_folder(image).parent == images_dir():
            shutil.copytree(image_folder(image), root / "images" / image)
    for tree in (root / "trees").iterdir():
        if f"trees/{tree.name}" not in used_paths:
            shutil.rmtree(tree)


def publish(name: str, finished: Path, folder: Path) -> None:
    """Move the ``finished`` suite to ``folder``, in place of an older one, and register its name."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    finished.chmod(0o755)
    publish_folder(finished, folder, replace=True)
    register(name, folder)
    load_suite.cache_clear()
