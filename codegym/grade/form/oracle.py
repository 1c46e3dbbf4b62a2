"""Expected values that a test computes, fixed at what they are under gold.

``assert mean(xs) == statistics.mean(xs)`` expects what the standard library says, and the code under test shares a
process with it: it could move what is expected. The same holds for a function of the test file that works out what
to expect. So a side of a comparison that depends on nothing but the standard library and the test itself is
recorded while the tests run under gold, and is a literal in every form. Where it depends on parameters, loops or
local names, it is a table from their values. A side that depends on the code under test is left alone: another
right solution may have another value there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from random import Random
from typing import NamedTuple

from codegym.grade.form.edit import Edit, Edits, Text, edited
from codegym.grade.form.pure import Purity
from codegym.grade.form.python_checks import Module, Sides
from codegym.grade.form.python_values import changed_values, is_value

RECORD = "/tmp/.codegym-seen"  # noqa: S108  a path in the box
_NAME = "_codegym_seen"
_RECORDER = f"""

def {_NAME}(number, key, value):
    with open({RECORD!r}, "a") as file:
        file.write(repr((number, repr(key), repr(value))) + "\\n")
    return value
"""
_LONGEST = 4000
"""Longer values are not fixed."""
_LONGEST_TABLE = 40_000
"""Nor are those for which a table has no room left."""
_WAYS = 3


class Oracle(NamedTuple):
    """A side of a comparison that no right solution can have another value of.

    Its value depends on the ``keys``, names of the function. The code under test is handed those that are
    ``exposed``: where it could change such a value in place, nothing is fixed.
    """

    sides: Sides
    keys: tuple[str, ...]
    exposed: frozenset[str]


def oracles(module: Module, owner: str) -> list[Oracle]:
    """Return the comparisons in a function of which one side is computed of the standard library and the test."""
    function = module.functions[owner]
    pure = Purity(module.tree, function)
    kept = []
    for sides in module.comparisons(owner):
        for side in (sides.right, sides.left):
            if not is_value(side) and pure.holds(side) and any(isinstance(n, ast.Call) for n in pure.behind(side)):
                keys = tuple(sorted(pure.keys(side)))
                kept.append(Oracle(Sides(sides.node, sides.left, side), keys, pure.exposed.intersection(keys)))
                break
    return kept


def recorded(text: Text, sides: Iterable[Oracle]) -> bytes:
    """Return a module that records the value of each of ``sides``, by its number, whenever it is looked at."""
    edits: list[Edit] = []
    for number, oracle in enumerate(sides):
        start, end = text.span(oracle.sides.right)
        edits += [Edit(start, start, f"{_NAME}({number}, {_key(oracle.keys)}, "), Edit(end, end, ")")]
    return edited(text.text, edits) + _RECORDER.encode()


def read_record(content: bytes) -> dict[int, dict[str, str]]:
    """Return the values, as written, by the number of a side and the values of its keys.

    A side is missing if it had two values for the same keys.
    """
    values: dict[int, dict[str, set[str]]] = {}
    for line in content.decode(errors="replace").splitlines():
        try:
            number, key, value = ast.literal_eval(line)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        values.setdefault(number, {}).setdefault(key, set()).add(value)
    return {
        number: {key: next(iter(seen)) for key, seen in by_key.items()}
        for number, by_key in values.items()
        if all(len(seen) == 1 for seen in by_key.values())
    }


def fixed(
    text: Text, oracle: Oracle, values: Mapping[str, str], chance: Random
) -> tuple[Edits, tuple[Edits, ...]] | None:
    """Return the edit that puts ``values`` in the place of a side, and edits that put others there.

    ``None`` if they can't be written out, or the code under test could have changed what they depend on.
    """
    kept = _kept(values)
    if not kept or not all(_is_steady(key, oracle) for key in values):
        return None
    span = text.span(oracle.sides.right)
    if not oracle.keys:
        right, others = kept["()"], _others(kept["()"], chance)
        return (Edit(*span, f"({right})"),), tuple((Edit(*span, f"({other})"),) for other in others)
    ways = {key: _others(value, chance) or [value] for key, value in kept.items()}
    count = max(map(len, ways.values()))
    tables = [{key: values_of[way % len(values_of)] for key, values_of in ways.items()} for way in range(count)]
    live = text.of(oracle.sides.right).decode() if len(kept) < len(values) else ""
    right, *others = (_lookup(table, oracle.keys, live) for table in (kept, *tables))
    return (Edit(*span, right),), tuple((Edit(*span, other),) for other in others)


def _lookup(table: Mapping[str, str], keys: Iterable[str], live: str) -> str:
    rows = ", ".join(f"{key!r}: {value}" for key, value in table.items())
    looked_up = f"repr({_key(keys)})"
    return f"({{{rows}}}.get({looked_up}, {live}))" if live else f"({{{rows}}}[{looked_up}])"


def _key(keys: Iterable[str]) -> str:
    return f"({''.join(f'{name}, ' for name in keys)})"


def _kept(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that are written out, by key: plain ones, as many as there is room for."""
    kept: dict[str, str] = {}
    room = _LONGEST_TABLE
    for key, value in values.items():
        size = len(key) + len(value)
        if size <= min(room, _LONGEST) and _is_plain(value):
            kept[key] = value
            room -= size
    return kept


def _others(value: str, chance: Random) -> list[str]:
    """Return other values of the same shape."""
    written = Text(value.encode())
    node = ast.parse(written.text, mode="eval").body
    return [edited(written.text, way).decode() for way in changed_values(written, node, [], chance)][:_WAYS]


def _is_steady(key: str, oracle: Oracle) -> bool:
    """Return whether no code that was handed a part of ``key`` could have changed it in place."""
    try:
        values = dict(zip(oracle.keys, ast.literal_eval(key), strict=True))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False
    return not any(isinstance(values[name], list | dict | set) for name in oracle.exposed)


def _is_plain(value: str) -> bool:
    """Return whether a value is the literal that it is written as."""
    try:
        return repr(ast.literal_eval(value)) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False
