"""MBPP, whole and sanitized: a sentence, a reference solution, and assertions that the agent sees."""

from __future__ import annotations

from codegym.importer.function.checks import Checks, needed_names, test_file
from codegym.importer.function.human_eval import function_task
from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.names import read_names
from codegym.importer.rows import Row, column

_INSTRUCTION = """\
{asked}

Write {names} in `solution.py`. It has to hold that:

{shown}"""
_EMPTY = '"""The function that is asked for goes here."""\n'


def mbpp(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of MBPP: ``text`` or ``prompt``, ``code``, ``test_list``, ``challenge_test_list`` if any."""
    asserts = read_names(column(row, "test_list"))
    challenge = read_names(row.get("challenge_test_list"))
    setup = [*read_names(row.get("test_imports")), *str(row.get("test_setup_code") or "").splitlines()]
    return write_task(row, options, "mbpp", (*setup, *asserts), "\n".join((*setup, *asserts, *challenge)))


def write_task(row: Row, options: ImportOptions, origin: str, asserts: tuple[str, ...], code: str) -> ImportedTask:
    """Return the task to write the function that ``code`` checks. The instruction shows ``asserts``."""
    solution = str(column(row, "code", "canonical_solution"))
    name, *also = needed_names(solution, "\n".join(asserts), code)
    imports = "".join(f"{line}\n" for line in solution.splitlines() if line.startswith(("import ", "from ")))
    instruction = _INSTRUCTION.format(
        asked=str(column(row, "text", "prompt")).strip('"\n '),
        names=", ".join(f"`{each}`" for each in (name, *also)),
        shown="\n".join(asserts),
    )
    return function_task(
        row,
        options,
        origin,
        identity=f"{origin}-{str(column(row, 'task_id')).rpartition('/')[2]}",
        name=name,
        instruction=instruction,
        change=(_EMPTY, _whole(solution)),
        test=test_file(Checks(name, code, imports, also=tuple(also))),
    )


def _whole(solution: str) -> str:
    return solution.replace("\r\n", "\n").rstrip() + "\n"
