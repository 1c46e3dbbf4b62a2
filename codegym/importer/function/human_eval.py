"""HumanEval and its relatives: a function's head and docstring, to be completed; checks that call it."""

from __future__ import annotations

from codegym.importer.function.checks import Checks, test_file
from codegym.importer.imported import Imported, Wishes, folder, metadata, placed, task_id, text_files
from codegym.importer.rows import Row, column
from codegym.patch import make_patch
from codegym.task import Limits, Task, TestPlan

LIMITS = Limits(turns=20, episode_seconds=600, command_seconds=60, grade_seconds=300)
_ASKED = "Write the body of `{name}` in `solution.py`, as its docstring says. Hidden tests call it."


def human_eval(row: Row, wishes: Wishes) -> Imported:
    """Read a row of HumanEval: ``task_id``, ``prompt``, ``entry_point``, ``canonical_solution``, ``test``."""
    name, prompt = str(column(row, "entry_point")), str(column(row, "prompt"))
    solved = prompt + str(column(row, "canonical_solution"))
    checks = Checks(name, str(column(row, "test")), solved, (f"check({name})",))
    return completion(row, wishes, "human-eval", prompt=prompt, solved=solved, test=test_file(checks))


def completion(row: Row, wishes: Wishes, origin: str, *, prompt: str, solved: str, test: str) -> Imported:
    """Return the task to complete ``prompt``, a function's head, as ``solved`` does."""
    name, identity = str(row["entry_point"]), str(column(row, "task_id"))
    change, asked = (prompt, solved), _ASKED.format(name=name)
    return function_task(row, wishes, origin, identity=identity, name=name, asked=asked, change=change, test=test)


def function_task(
    row: Row,
    wishes: Wishes,
    origin: str,
    *,
    identity: str,
    name: str,
    asked: str,
    change: tuple[str, str],
    test: str,
) -> Imported:
    """Return the task to make the first text of ``change`` the second, both of ``solution.py``.

    ``name`` is the function that the hidden ``test`` calls, ``asked`` the instruction.
    """
    before, after = (text_files({"solution.py": text}) for text in change)
    hidden = text_files({"tests/test_solution.py": test})
    return placed(
        Task(
            id=task_id(identity),
            instruction=asked,
            source=folder(before),
            gold_patch=make_patch(before, dict(after)),
            tests=TestPlan(
                framework="pytest",
                fail_to_pass=(f"tests/test_solution.py::test_{name}",),
                command="--override-ini=pythonpath=.",
                hidden=folder(hidden),
            ),
            image=wishes.image or "python",
            limits=LIMITS,
            metadata=metadata(row, wishes, format=origin, language="python", kind="implement"),
        ),
        before,
        hidden,
    )
