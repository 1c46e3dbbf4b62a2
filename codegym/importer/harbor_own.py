"""Task folders that codegym itself exported: nothing has to be guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codegym.importer.imported import Imported, Wishes, folder, metadata, placed
from codegym.task import Limits, Task, TestPlan
from codegym.tree import read_tree


def own_task(root: Path, told: dict[str, Any], facts: dict[str, Any], wishes: Wishes) -> Imported:
    """Return the task that was exported to ``root``; ``told`` is what the export says of it in ``task.toml``."""
    files = read_tree(root / "environment" / "repo")
    hidden = read_tree(root / "tests" / "hidden") if (root / "tests" / "hidden").is_dir() else {}
    plan = TestPlan(**json.loads(told["tests"]))
    task = Task(
        id=str(told["id"]),
        instruction=(root / "instruction.md").read_text(),
        source=folder(files),
        gold_patch=(root / "solution" / "gold.patch").read_bytes().decode(),
        tests=plan.model_copy(update={"hidden": folder(hidden)}) if hidden else plan,
        image=wishes.image or str(told["image"]),
        limits=Limits(**json.loads(told["limits"])),
        metadata=metadata(facts, wishes, format="harbor", language=str(told.get("language", ""))),
    )
    return placed(task, files, hidden) if hidden else placed(task, files)
