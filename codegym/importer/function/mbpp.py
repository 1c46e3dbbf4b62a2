"""MBPP, whole and sanitized: a sentence, a reference solution, and assertions that one is shown."""

from __future__ import annotations

from codegym.importer.function.checks import Checks, asked, test_file
from codegym.importer.function.human_eval import function_task
from codegym.importer.imported import Imported, Wishes
from codegym.importer.names import read_names
from codegym.importer.rows import Row, column

_ASKED = """\
{asked}

Write {names} in `solution.py`. It has to hold that:

{shown}"""
_EMPTY = '"""The function that is asked for goes here."""\n'


def mbpp(row: Row, wishes: Wishes) -> Imported:
    """Read a row of MBPP: ``text`` or ``prompt``, ``code``, ``test_list``, ``challenge_test_list`` if any."""
    asserts = read_names(column(row, "test_list"))
    challenge = read_names(row.get("challenge_test_list"))
    setup = [*read_names(row.get("test_imports")), *str(row.get("test_setup_code") or "").splitlines()]
    return described(row, wishes, "mbpp", (*setup, *asserts), "\n".join((*setup, *asserts, *challenge)))


def described(row: Row, wishes: Wishes, origin: str, shown: tuple[str, ...], code: str) -> Imported:
    """Return the task to write the function that ``code`` checks, given ``shown`` assertions about it."""
    solution = str(column(row, "code", "canonical_solution"))
    name, *also = asked(solution, "\n".join(shown), code)
    imports = "".join(f"{line}\n" for line in solution.splitlines() if line.startswith(("import ", "from ")))
    told = _ASKED.format(
        asked=str(column(row, "text", "prompt")).strip('"\n '),
        names=", ".join(f"`{found}`" for found in (name, *also)),
        shown="\n".join(shown),
    )
    return function_task(
        row,
        wishes,
        origin,
        identity=f"{origin}-{str(column(row, 'task_id')).rpartition('/')[2]}",
        name=name,
        asked=told,
        change=(_EMPTY, _whole(solution)),
        test=test_file(Checks(name, code, imports, also=tuple(also))),
    )


def _whole(solution: str) -> str:
    return solution.replace("\r\n", "\n").rstrip() + "\n"
