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
from codegym.grade.form.python_checks import Module
from codegym.grade.form.python_values import changed_values, is_value

RECORD = "/tmp/.codegym-seen"  # noqa: S108  a path in the box
_RECORDER = (
    f"(lambda n, key, exposed, value: (open({RECORD!r}, 'a').write("
    "repr((n, repr(key), repr(exposed), repr(value))) + chr(10)), value)[1])"
)
"""A function that writes a value down and returns it. It is written out wherever a value is recorded."""
_UNSTEADY = "?"
"""Stands beside a value that was made of what the code under test could have changed."""
_LONGEST = 4000
"""Longer values are not fixed where there are several, so that one leaves room for others."""
_LONGEST_TABLE = 40_000
"""Nor are those for which a table has no room left."""
_WAYS = 3


class Oracle(NamedTuple):
    """An expression of a test that no right solution can have another value of.

    Its value depends on the ``keys``, parameters and names of loops. The code under test is handed the values of
    the ``exposed`` names, from which it is made: where it could change one in place, nothing is fixed.
    ``check`` is the comparison that it is a side of; ``None`` for what a name is given, an input for example.
    """

    value: ast.expr
    keys: tuple[str, ...]
    exposed: tuple[str, ...]
    check: ast.expr | ast.stmt | None = None


def oracles(module: Module, owner: str) -> list[Oracle]:
    """Return the comparisons in a function of which one side is computed of the standard library and the test."""
    function = module.functions[owner]
    pure = Purity(module.tree, function)
    kept = []
    for sides in module.comparisons(owner):
        for side in (sides.right, sides.left):
            if not is_value(side) and pure.holds(side) and any(isinstance(n, ast.Call) for n in pure.behind(side)):
                kept.append(_oracle(pure, side, sides.node))
                break
    return kept


def inputs(module: Module, owners: Iterable[str]) -> list[Oracle]:
    """Return what names of the module and of functions are given, if it is computed of the standard library."""
    made: list[Oracle] = []
    for function in (None, *(module.functions[owner] for owner in owners)):
        pure = Purity(module.tree, function)
        body = function.body if function else module.tree.body
        values = [node.value for node in body if isinstance(node, ast.Assign)]
        made += [_oracle(pure, value) for value in values if not is_value(value) and pure.computes(value)]
    return made


def _oracle(pure: Purity, value: ast.expr, check: ast.expr | ast.stmt | None = None) -> Oracle:
    exposed = pure.exposed.intersection(pure.local_names(value))
    return Oracle(value, tuple(sorted(pure.keys(value))), tuple(sorted(exposed)), check)


def recorded(text: Text, sides: Iterable[Oracle]) -> bytes:
    """Return a module that records the value of each of ``sides``, by its number, whenever it is looked at."""
    edits: list[Edit] = []
    for number, oracle in enumerate(sides):
        start, end = text.span(oracle.value)
        before = f"{_RECORDER}({number}, {_key(oracle.keys)}, {_key(oracle.exposed)}, "
        edits += [Edit(start, start, before), Edit(end, end, ")")]
    return edited(text.text, edits)


def read_record(content: bytes) -> dict[int, dict[str, str]]:
    """Return the values, as written, by the number of a side and the values of its keys.

    A side is missing if it had two values for the same keys, or if the code could have changed what it is made of.
    """
    values: dict[int, dict[str, set[str]]] = {}
    for line in content.decode(errors="replace").splitlines():
        try:
            number, key, exposed, value = ast.literal_eval(line)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        made = values.setdefault(number, {}).setdefault(key, set())
        made |= {value} if _is_steady(exposed) else {value, _UNSTEADY}
    return {
        number: {key: next(iter(seen)) for key, seen in by_key.items()}
        for number, by_key in values.items()
        if all(len(seen) == 1 for seen in by_key.values())
    }


def fixed(
    text: Text, oracle: Oracle, values: Mapping[str, str], chance: Random
) -> tuple[Edits, tuple[Edits, ...]] | None:
    """Return the edit that puts ``values`` in the place of a side, and edits that put others there.

    ``None`` if they can't be written out.
    """
    kept = _kept(values)
    if not kept or not all(_is_plain(key) for key in values):
        return None
    span = text.span(oracle.value)
    if not oracle.keys:
        right, others = kept["()"], _others(kept["()"], chance)
        return (Edit(*span, f"({right})"),), tuple((Edit(*span, f"({other})"),) for other in others)
    ways = {key: _others(value, chance) or [value] for key, value in kept.items()}
    count = max(map(len, ways.values()))
    tables = [{key: values_of[way % len(values_of)] for key, values_of in ways.items()} for way in range(count)]
    live = text.of(oracle.value).decode() if len(kept) < len(values) else ""
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
    longest = _LONGEST if len(values) > 1 else room
    for key, value in values.items():
        size = len(key) + len(value)
        if size <= min(room, longest) and _is_plain(value):
            kept[key] = value
            room -= size
    return kept


def _others(value: str, chance: Random) -> list[str]:
    """Return other values of the same shape."""
    written = Text(value.encode())
    node = ast.parse(written.text, mode="eval").body
    return [edited(written.text, way).decode() for way in changed_values(written, node, [], chance)][:_WAYS]


def _is_steady(exposed: str) -> bool:
    """Return whether none of the values in ``exposed`` can be changed in place."""
    try:
        values = ast.literal_eval(exposed)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False
    return not any(isinstance(value, list | dict | set) for value in values)


def _is_plain(value: str) -> bool:
    """Return whether a value is the literal that it is written as."""
    try:
        return repr(ast.literal_eval(value)) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False
