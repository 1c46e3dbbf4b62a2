"""Reads task folders that codegym exported. They contain all fields of the task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codegym.importer.imported_task import (
    ImportedTask,
    ImportOptions,
    folder_source,
    metadata,
    path_inside,
    safe_task_id,
    with_folders,
)
from codegym.task import Limits, Task, TestPlan
from codegym.tree import read_tree


def own_task(root: Path, fields: dict[str, Any], facts: dict[str, Any], options: ImportOptions) -> ImportedTask:
    """Return the task that was exported to ``root``; ``fields`` are codegym's own ones in its ``task.toml``."""
    files, hidden = read_tree(path_inside(root, "environment/repo")), read_tree(path_inside(root, "tests/hidden"))
    plan = TestPlan(**json.loads(fields["tests"]))
    task = Task(
        id=safe_task_id(str(fields["id"])),
        instruction=path_inside(root, "instruction.md").read_text(),
        source=folder_source(files),
        gold_patch=path_inside(root, "solution/gold.patch").read_bytes().decode(errors="surrogateescape"),
        tests=plan.model_copy(update={"hidden": folder_source(hidden)}) if hidden else plan,
        image=options.image or str(fields["image"]),
        limits=Limits(**json.loads(fields["limits"])),
        metadata=metadata(facts, options, format="harbor", language=str(fields.get("language", ""))),
    )
    return with_folders(task, files, hidden) if hidden else with_folders(task, files)
