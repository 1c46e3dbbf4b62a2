"""HumanEvalPack's repair tasks: a function with a bug that was put in by hand, in several languages.

Every language has a layout of its own, and its own way to show that all checks ran. What they share is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codegym.errors import TaskError
from codegym.importer.function.human_eval import LIMITS
from codegym.importer.function.pack_cpp import cpp_layout
from codegym.importer.function.pack_js import js_layout
from codegym.importer.function.pack_layout import Layout
from codegym.importer.function.pack_python import python_layout
from codegym.importer.imported_task import (
    ImportedTask,
    ImportOptions,
    folder_source,
    metadata,
    safe_task_id,
    text_files,
    with_folders,
)
from codegym.importer.rows import Row, column
from codegym.patch import make_patch
from codegym.task import Task, TestPlan

_INSTRUCTION = """\
`{name}` in `{path}` does not do what it should: {symptoms}. Find the mistake and repair it.

{described}

{examples}"""


@dataclass(frozen=True)
class Language:
    """A language of the pack: its name, its image, and the function that returns the layout of a row."""

    name: str
    image: str
    layout: Callable[[Row, str], Layout]


LANGUAGES = {
    "Python": Language("python", "python", python_layout),
    "JavaScript": Language("javascript", "node", js_layout),
    "CPP": Language("cpp", "cc", cpp_layout),
}
"""The languages by the part of a ``task_id`` before the slash. Codegym has no images for Go, Java and Rust."""


def humanevalpack(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of HumanEvalPack. Raises :class:`TaskError` for a language without an image."""
    identity = str(column(row, "task_id"))
    language = LANGUAGES.get(identity.partition("/")[0])
    if language is None:
        names = ", ".join(LANGUAGES)
        raise TaskError(f"{identity}: codegym has no image with this language's toolchain, only for {names}")
    bug = language.layout(row, str(column(row, "buggy_solution")))
    repaired = language.layout(row, str(column(row, "canonical_solution")))
    before, after, hidden = (text_files(files) for files in (bug.files, repaired.files, bug.hidden))
    return with_folders(
        Task(
            id=safe_task_id(identity),
            instruction=_instruction(row, bug),
            source=folder_source(before),
            gold_patch=make_patch(before, {bug.path: after[bug.path]}),
            tests=_plan(bug).model_copy(update={"hidden": folder_source(hidden)}),
            image=options.image or language.image,
            limits=LIMITS,
            metadata=metadata(
                row,
                options,
                format="humanevalpack",
                language=language.name,
                kind="repair",
                bug_type=row.get("bug_type", ""),
            ),
        ),
        before,
        hidden,
    )


def _plan(layout: Layout) -> TestPlan:
    return TestPlan(
        framework=layout.framework,
        fail_to_pass=(layout.test,),
        visible=(layout.example,) if layout.example else (),
        command=layout.command,
        protected=layout.protected,
    )


def _instruction(row: Row, layout: Layout) -> str:
    symptoms = str(row.get("failure_symptoms") or "wrong results")
    description = str(row.get("docstring") or row.get("text") or "").strip()
    examples = "The tests show examples; hidden tests decide." if layout.example else "Hidden tests decide."
    return _INSTRUCTION.format(
        name=row["entry_point"], path=layout.path, symptoms=symptoms, described=description, examples=examples
    )
