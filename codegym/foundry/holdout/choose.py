"""Chooses which of a task's failing tests are held out. Several choices are proposed, the best first.

A choice leaves some failing tests in the agent's tree where there are enough. It depends on the draft's key, so
that the tasks of one suite hold out differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from codegym.errors import TaskError
from codegym.foundry.holdout.cut import can_be_cut
from codegym.foundry.holdout.module import read_module
from codegym.foundry.holdout.unit import case_of, file_of, function_of
from codegym.tree import Files

Units = tuple[str, ...]
_SHARE = 0.6
"""The share of the failing functions, or of the failing cases of one, that is held out."""
_PASSING_SHARE = 0.3
"""The share of the passing cases that is held out beside failing ones: a wrong repair may break these."""


def choices(files: Files, failed: Sequence[str], passed: Sequence[str], key: str) -> Iterator[Units]:
    """Yield the units that may be held out, the best choice first. Each leaves a failing test visible.

    ``failed`` are the tests that fail with the bug, ``passed`` others that do not.
    """
    chance = Random(key)  # noqa: S311 - the same choice every time
    functions = _cuttable_functions(files, failed)
    cases = {name: _some_cases(files, name, failed, passed, chance) for name in {*map(function_of, failed)}}
    paths = sorted({file_of(test) for test in failed})
    whole = tuple(_part(paths, chance)) if len(paths) > 1 else ()
    whole_first = chance.random() < 1 / 2
    some = _part(functions, chance) if len({*map(function_of, failed)}) > 1 else []
    in_visible = [unit for name in cases if name not in some for unit in cases[name]]
    proposals = [(*some, *in_visible), tuple(some), tuple(unit for units in cases.values() for unit in units)]
    proposals.insert(0 if whole_first else len(proposals), whole)
    yield from (units for units in dict.fromkeys(tuple(sorted(units)) for units in proposals) if units)


def all_functions(files: Files, failed: Sequence[str]) -> Units:
    """Return the functions of all failing tests, if they can be removed; no failing test is left then."""
    functions = _cuttable_functions(files, failed)
    return tuple(functions) if len(functions) == len({*map(function_of, failed)}) else ()


def _cuttable_functions(files: Files, failed: Sequence[str]) -> list[str]:
    names = sorted({function_of(test) for test in failed})
    return [name for name in names if file_of(name) in files and can_be_cut(files[file_of(name)].content, name)]


def _part(units: Sequence[str], chance: Random) -> list[str]:
    """Draw some of ``units``: at least one, and never all of them unless there is only one."""
    count = min(max(1, round(_SHARE * len(units))), max(1, len(units) - 1))
    return chance.sample(units, min(count, len(units)))


def _some_cases(
    files: Files, function: str, failed: Sequence[str], passed: Sequence[str], chance: Random
) -> list[str]:
    """Draw cases of one function to hold out; none unless it has two failing cases in a literal list."""
    names = _case_names(files, function)
    failing = [test for test in failed if function_of(test) == function and case_of(test) in names]
    if len(failing) < 2:
        return []
    others = [test for test in passed if function_of(test) == function and case_of(test) in names]
    drawn = [*_part(failing, chance), *chance.sample(others, int(_PASSING_SHARE * len(others)))]
    content = files[file_of(function)].content
    return drawn if all(can_be_cut(content, unit) for unit in drawn) else []


def _case_names(files: Files, function: str) -> frozenset[str]:
    file = files.get(file_of(function))
    if file is None:
        return frozenset()
    try:
        cases = read_module(file.content).cases(function)
    except TaskError:
        return frozenset()
    return frozenset(cases[1]) if cases else frozenset()
