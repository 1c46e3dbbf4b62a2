"""Reads rows that codegym exported. A column ``codegym`` has what SWE-bench has no column for."""

from __future__ import annotations

from typing import Any

from codegym.importer.imported_task import ImportedTask, ImportOptions, metadata, safe_task_id
from codegym.importer.names import read_names
from codegym.importer.rows import Row
from codegym.task import GitSource, Limits, PatchSource, Task, TestPlan


def own_row(row: Row, options: ImportOptions) -> ImportedTask:
    """Return the task that was exported to ``row``."""
    own: dict[str, Any] = row["codegym"]
    plan = TestPlan(
        **own["tests"],
        fail_to_pass=read_names(row["FAIL_TO_PASS"]),
        pass_to_pass=read_names(row["PASS_TO_PASS"]),
        hidden=PatchSource(patch=row["test_patch"]) if row["test_patch"] else None,
    )
    return ImportedTask(
        Task(
            id=safe_task_id(str(own["id"])),
            instruction=row["problem_statement"],
            source=GitSource(url=options.url(row["repo"]), commit=row["base_commit"]),
            gold_patch=row["patch"],
            tests=plan,
            image=options.image or own["image"],
            limits=Limits(**own["limits"]),
            metadata=metadata(row, options, format="swe-bench", language=str(own.get("language", ""))),
        )
    )
