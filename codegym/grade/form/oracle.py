"""Replaces expected values that a test computes by the values that they have under gold.

``assert mean(xs) == statistics.mean(xs)`` expects what the standard library computes. The code under test shares a
process with the library, and could change the expected value; the same is true of a function of the test file that
computes it. So if a side of a comparison depends only on the standard library and on the test itself, its value is
recorded while the tests run under gold, and every form has a literal in its place. If the value depends on
parameters, loops or local names, it is a table from their values. A side that depends on the code under test
stays: another right solution may have another value there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from random import Random
from typing import NamedTuple

from codegym.grade.form.edit import Edit, Edits, Text, apply_edits
from codegym.grade.form.pure import Purity
from codegym.grade.form.python_module import Module
from codegym.grade.form.python_values import is_value, value_variants
from codegym.syntax import literal_value, parse_expression

RECORD_PATH = "/tmp/.codegym-seen"  # noqa: S108  a path in the box
"""The file in the box to which a recording module writes."""
_UNSTEADY = "?"
"""Recorded in the place of a value that can't be written out, or beside one that could be changed in place."""
_IS_EXACT = (
    "(lambda is_exact, v: type(v) in (bool, int, float, complex, str, bytes, type(None)) or "
    "type(v) in (list, tuple, set, frozenset) and all(is_exact(is_exact, each) for each in v) or "
    "type(v) is dict and all(is_exact(is_exact, each) for item in v.items() for each in item))"
)
"""A function that is given itself and a value; it returns whether a literal makes the same types."""
_RECORDER = (
    "(lambda n, key, exposed, value, is_exact: (open("
    f"{RECORD_PATH!r}, 'a').write(repr((n, key, repr(exposed), repr(value) if '...' not in repr(value) "
    f"and is_exact(is_exact, value) else {_UNSTEADY!r})) + chr(10)), value)[1])"
)
"""A function that writes down a value and returns it. It is written out at each value, and has no name."""
_LONGEST = 12_000
"""If there are several values, longer ones stay computed, so that one leaves room for the others."""
_LONGEST_TABLE = 60_000
"""All values of one table together have at most so many characters: a longer file would be slow to parse."""
_MOST_VARIANTS = 3
"""An exam uses at most three wrong forms of one place, in four sheets."""


_FINITE = frozenset({
    "abs", "combinations", "dict", "enumerate", "items", "keys", "len", "list", "max", "min", "permutations",
    "product", "range", "reversed", "set", "sorted", "split", "splitlines", "sum", "tuple", "values", "zip",
})  # fmt: skip
"""Functions over whose values a loop ends, and that need not be called for anything else."""


class Oracle(NamedTuple):
    """An expression of a test that has the same value under every right solution.

    The value depends on ``variables``, parameters and loop variables of the test function. The values of
    ``exposed_names``, on which it depends as well, are passed to the code under test, which could change a list,
    dictionary or set in place; so are items of the values of ``exposed_items``. If one can be changed, the
    expression stays computed. ``check`` is the comparison of which it is a side; ``None`` for a value that is
    assigned to a name, such as an input, and for the values of a loop. ``is_loop`` is true for the latter.
    """

    value: ast.expr
    variables: tuple[str, ...]
    exposed_names: tuple[str, ...]
    exposed_items: tuple[str, ...] = ()
    check: ast.expr | ast.stmt | None = None
    is_loop: bool = False


def oracles(module: Module, owner: str) -> list[Oracle]:
    """Return the comparisons in a function that have a side of pure calls (:mod:`codegym.grade.form.pure`).

    The other side has to depend on the code under test. If it seems not to, the comparison is about something that
    the code did without being called there, and neither side may be fixed.
    """
    pure = Purity(module.names, module.functions[owner])
    sides: list[Oracle] = []
    for comparison in module.comparisons(owner):
        for side, other in ((comparison.right, comparison.left), (comparison.left, comparison.right)):
            is_sound = pure.is_steady(side) and not pure.is_pure(other) and not pure.is_doubted(side)
            is_called = is_sound and any(isinstance(each, ast.Call) for each in pure.nodes_behind(side))
            if is_called and not is_value(side):
                sides.append(_oracle(pure, side, comparison.node))
                break
    return sides


def computed_inputs(module: Module, owners: Iterable[str]) -> list[Oracle]:
    """Return the pure calls whose values the module or one of its functions assigns to a name or loops over."""
    inputs: list[Oracle] = []
    for function in (None, *(module.functions[owner] for owner in owners)):
        pure = Purity(module.names, function)
        body = function.body if function else module.tree.body
        for node in (each for each in body if isinstance(each, ast.Assign)):
            is_sound = pure.is_computed(node.value) and not pure.is_doubted(node.value, *node.targets)
            if not is_value(node.value) and is_sound:
                inputs.append(_oracle(pure, node.value))
        loops = [loop.iter for loop in _loops(function.body)] if function else []
        inputs += [_oracle(pure, each)._replace(is_loop=True) for each in loops if _is_finite(pure, each)]
    return inputs


def _loops(body: Iterable[ast.stmt], depth: int = 2) -> list[ast.For]:
    """Return the loops in a body, and the loops in those. Deeper ones have too many values to record."""
    loops = [node for node in body if isinstance(node, ast.For)]
    return loops + [each for loop in loops if depth > 1 for each in _loops(loop.body, depth - 1)]


def _is_finite(pure: Purity, values: ast.expr) -> bool:
    """Return whether the values of a loop come from pure calls of functions that end, and may be written out."""
    return pure.ends(values, _FINITE) and pure.is_computed(values) and not pure.is_doubted(values)


def _oracle(pure: Purity, value: ast.expr, check: ast.expr | ast.stmt | None = None) -> Oracle:
    behind, (names, items) = pure.names_behind(value), pure.exposed
    exposed_names, exposed_items = tuple(sorted(names & behind)), tuple(sorted(items & behind))
    return Oracle(value, tuple(sorted(pure.variables(value))), exposed_names, exposed_items, check)


def recording_module(text: Text, oracles: Iterable[Oracle]) -> bytes:
    """Return the test file ``text``, changed so that it records each value of ``oracles`` under its number."""
    edits: list[Edit] = []
    for number, oracle in enumerate(oracles):
        start, end = text.span(oracle.value)
        exposed = f"({_tuple(oracle.exposed_names)}, {_tuple(oracle.exposed_items)})"
        opening = f"{_RECORDER}({number}, {_key(oracle.variables)}, {exposed}, "
        before, after = ("[*(", ")]") if oracle.is_loop else ("", "")
        edits += [Edit(start, start, opening + before), Edit(end, end, f"{after}, {_IS_EXACT})")]
    return apply_edits(text.text, edits)


def read_record(content: bytes) -> dict[int, dict[str, str]]:
    """Return the recorded values: by the number of the oracle, then by the values of its variables.

    All values are texts, as ``repr`` writes them. An oracle is missing if it had two values for the same
    variables, or if the code under test could have changed in place what it depends on.
    """
    values: dict[int, dict[str, set[str]]] = {}
    for line in content.decode(errors="replace").splitlines():
        try:
            number, key, exposed, value = literal_value(line)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        recorded = values.setdefault(number, {}).setdefault(key, set())
        recorded |= {value} if _is_steady(exposed) else {value, _UNSTEADY}
    return {
        number: {key: next(iter(recorded)) for key, recorded in by_key.items()}
        for number, by_key in values.items()
        if all(len(recorded) == 1 for recorded in by_key.values())
    }


def fix_values(
    text: Text, oracle: Oracle, values: Mapping[str, str], chance: Random
) -> tuple[Edits, tuple[Edits, ...]] | None:
    """Return the edits that replace an oracle by its ``values``, and variants with other values.

    ``values`` is the oracle's part of :func:`read_record`. ``None`` if they can't be written as literals.
    """
    writable = _writable_values(values)
    if not writable or not all(_is_plain(key) for key in values):
        return None
    span = text.span(oracle.value)
    if not oracle.variables:
        right, others = writable["()"], _other_values(writable["()"], chance)
        return (Edit(*span, f"({right})"),), tuple((Edit(*span, f"({other})"),) for other in others)
    other_values = {key: _other_values(value, chance) or [value] for key, value in writable.items()}
    count = max(map(len, other_values.values()))
    tables = [{key: drawn[n % len(drawn)] for key, drawn in other_values.items()} for n in range(count)]
    computed = text.source_of(oracle.value).decode() if len(writable) < len(values) else ""
    right, *others = (_lookup(table, oracle.variables, computed) for table in (writable, *tables))
    return (Edit(*span, right),), tuple((Edit(*span, other),) for other in others)


def _lookup(table: Mapping[str, str], variables: Iterable[str], computed: str) -> str:
    """Return the expression that looks up a value in ``table``, or else evaluates ``computed``."""
    rows = ", ".join(f"{key!r}: {value}" for key, value in table.items())
    key = _key(variables)
    return f"({{{rows}}}.get({key}, {computed}))" if computed else f"({{{rows}}}[{key}])"


def _key(variables: Iterable[str]) -> str:
    """Return the expression for ``variables`` as ``repr`` writes them, without a name that could be replaced."""
    return f'f"{{{_tuple(variables)!s}!r}}"'


def _tuple(variables: Iterable[str]) -> str:
    """Return the expression for the tuple of ``variables``."""
    return f"({''.join(f'{name}, ' for name in variables)})"


def _writable_values(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a literal can express, by key, up to the longest table."""
    writable: dict[str, str] = {}
    room = _LONGEST_TABLE
    longest = _LONGEST if len(values) > 1 else room
    for key, value in values.items():
        size = len(key) + len(value)
        if size <= min(room, longest) and _is_plain(value):
            writable[key] = value
            room -= size
    return writable


def _other_values(value: str, chance: Random) -> list[str]:
    """Return other values of the same shape, as written."""
    written = Text(value.encode())
    node = parse_expression(written.text).body
    variants = value_variants(written, node, [], chance)
    return [apply_edits(written.text, edits).decode() for edits in variants][:_MOST_VARIANTS]


def _is_steady(exposed: str) -> bool:
    """Return whether nothing can be changed in place of what ``exposed`` has: values, and containers of items."""
    try:
        values, containers = literal_value(exposed)
        items = [_items(each) for each in containers]
        return isinstance(hash((values, *items)), int)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False


def _items(value: object) -> tuple[object, ...]:
    """Return the items of a container that code could change in place; any other value is its own only item."""
    if isinstance(value, dict):
        return tuple(value.values())
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def _is_plain(value: str) -> bool:
    """Return whether ``value`` is a literal that ``repr`` writes in the same way."""
    try:
        return repr(literal_value(value)) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False
