"""Rows that codegym itself exported: what SWE-bench has no column for stands in one of our own."""

from __future__ import annotations

from typing import Any

from codegym.importer.imported import Imported, Wishes, metadata, task_id
from codegym.importer.names import read_names
from codegym.importer.rows import Row
from codegym.task import GitSource, Limits, PatchSource, Task, TestPlan


def own_row(row: Row, wishes: Wishes) -> Imported:
    """Return the task that was exported as ``row``."""
    own: dict[str, Any] = row["codegym"]
    plan = TestPlan(
        **own["tests"],
        fail_to_pass=read_names(row["FAIL_TO_PASS"]),
        pass_to_pass=read_names(row["PASS_TO_PASS"]),
        hidden=PatchSource(patch=row["test_patch"]) if row["test_patch"] else None,
    )
    return Imported(
        Task(
            id=task_id(str(own["id"])),
            instruction=row["problem_statement"],
            source=GitSource(url=wishes.url(row["repo"]), commit=row["base_commit"]),
            gold_patch=row["patch"],
            tests=plan,
            image=wishes.image or own["image"],
            limits=Limits(**own["limits"]),
            metadata=metadata(row, wishes, format="swe-bench", language=str(own.get("language", ""))),
        )
    )
