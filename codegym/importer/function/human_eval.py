"""HumanEval and its relatives: complete a function whose head and docstring are given; checks call it."""

from __future__ import annotations

from codegym.importer.function.checks import Checks, test_file
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
from codegym.task import Limits, Task, TestPlan

LIMITS = Limits(turns=20, episode_seconds=600, command_seconds=60, grade_seconds=300)
_INSTRUCTION = "Write the body of `{name}` in `solution.py`, as its docstring says. Hidden tests call it."


def human_eval(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of HumanEval: ``task_id``, ``prompt``, ``entry_point``, ``canonical_solution``, ``test``."""
    name, prompt = str(column(row, "entry_point")), str(column(row, "prompt"))
    solved = prompt + str(column(row, "canonical_solution"))
    checks = Checks(name, str(column(row, "test")), solved, (f"check({name})",))
    return completion(row, options, "human-eval", prompt=prompt, solved=solved, test=test_file(checks))


def completion(
    row: Row, options: ImportOptions, origin: str, *, prompt: str, solved: str, test: str
) -> ImportedTask:
    """Return the task to complete ``prompt``, the head of a function. ``solved`` is the complete function."""
    name, identity = str(row["entry_point"]), str(column(row, "task_id"))
    change, instruction = (prompt, solved), _INSTRUCTION.format(name=name)
    return function_task(
        row, options, origin, identity=identity, name=name, instruction=instruction, change=change, test=test
    )


def function_task(
    row: Row,
    options: ImportOptions,
    origin: str,
    *,
    identity: str,
    name: str,
    instruction: str,
    change: tuple[str, str],
    test: str,
) -> ImportedTask:
    """Return the task to change ``solution.py`` from the first text of ``change`` to the second.

    ``name`` is the function that the hidden ``test`` calls.
    """
    before, after = (text_files({"solution.py": text}) for text in change)
    hidden = text_files({"tests/test_solution.py": test})
    return with_folders(
        Task(
            id=safe_task_id(identity),
            instruction=instruction,
            source=folder_source(before),
            gold_patch=make_patch(before, dict(after)),
            tests=TestPlan(
                framework="pytest",
                fail_to_pass=(f"tests/test_solution.py::test_{name}",),
                command="--override-ini=pythonpath=.",
                hidden=folder_source(hidden),
            ),
            image=options.image or "python",
            limits=LIMITS,
            metadata=metadata(row, options, format=origin, language="python", kind="implement"),
        ),
        before,
        hidden,
    )
