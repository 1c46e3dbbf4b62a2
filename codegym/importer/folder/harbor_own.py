"""Task folders that codegym itself exported: nothing has to be guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codegym.importer.imported import Imported, Wishes, folder, inside, metadata, placed, task_id
from codegym.task import Limits, Task, TestPlan
from codegym.tree import read_tree


def own_task(root: Path, told: dict[str, Any], facts: dict[str, Any], wishes: Wishes) -> Imported:
    """Return the task that was exported to ``root``; ``told`` is what the export says of it in ``task.toml``."""
    files, hidden = read_tree(inside(root, "environment/repo")), read_tree(inside(root, "tests/hidden"))
    plan = TestPlan(**json.loads(told["tests"]))
    task = Task(
        id=task_id(str(told["id"])),
        instruction=inside(root, "instruction.md").read_text(),
        source=folder(files),
        gold_patch=inside(root, "solution/gold.patch").read_bytes().decode(errors="surrogateescape"),
        tests=plan.model_copy(update={"hidden": folder(hidden)}) if hidden else plan,
        image=wishes.image or str(told["image"]),
        limits=Limits(**json.loads(told["limits"])),
        metadata=metadata(facts, wishes, format="harbor", language=str(told.get("language", ""))),
    )
    return placed(task, files, hidden) if hidden else placed(task, files)
