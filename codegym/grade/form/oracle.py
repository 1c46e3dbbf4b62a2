"""Expected values that a test computes, fixed at what they are under gold.

``assert mean(xs) == statistics.mean(xs)`` expects what the standard library says, and the code under test shares a
process with it: it could move what is expected. So a side of a comparison that depends on nothing but the standard
library and the test itself is recorded while the tests run under gold, and stands as a literal in every form. A
side that depends on the code under test is left alone: another right solution may have another value there.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable
from random import Random

from codegym.grade.form.certain import Function
from codegym.grade.form.edit import Edit, Edits, Text, edited
from codegym.grade.form.python_checks import Module, Sides
from codegym.grade.form.python_values import changed_values, is_value

RECORD = "/tmp/.codegym-seen"  # noqa: S108  a path in the box
_NAME = "_codegym_seen"
_RECORDER = f"""

def {_NAME}(number, value):
    with open({RECORD!r}, "a") as file:
        file.write(repr((number, repr(value))) + "\\n")
    return value
"""
_LONGEST = 2000
"""Longer values are not fixed."""


def oracles(module: Module, owner: str) -> list[Sides]:
    """Return the comparisons in a function of which one side is computed of the standard library and the test."""
    function = module.functions[owner]
    pure = _Purity(module, function)
    kept = []
    for sides in module.comparisons(owner):
        for side in (sides.right, sides.left):
            if not is_value(side) and pure.holds(side) and any(isinstance(n, ast.Call) for n in pure.behind(side)):
                kept.append(Sides(sides.node, sides.left, side))
                break
    return kept


def recorded(text: Text, sides: Iterable[ast.expr]) -> bytes:
    """Return a module that records the value of each of ``sides``, by its number, whenever it is looked at."""
    edits: list[Edit] = []
    for number, side in enumerate(sides):
        start, end = text.span(side)
        edits += [Edit(start, start, f"{_NAME}({number}, "), Edit(end, end, ")")]
    return edited(text.text, edits) + _RECORDER.encode()


def read_record(content: bytes) -> dict[int, str]:
    """Return the values, as written, that were the same whenever they were looked at, by number."""
    values: dict[int, set[str]] = {}
    for line in content.decode(errors="replace").splitlines():
        try:
            number, value = ast.literal_eval(line)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        values.setdefault(number, set()).add(value)
    return {number: next(iter(seen)) for number, seen in values.items() if len(seen) == 1 and _is_plain(*seen)}


def fixed(text: Text, side: ast.expr, value: str, chance: Random) -> tuple[Edits, tuple[Edits, ...]]:
    """Return the edit that puts ``value`` in the place of ``side``, and edits that put others there."""
    span = text.span(side)
    written = Text(f"({value})".encode())
    node = ast.parse(written.text, mode="eval").body
    others = (edited(written.text, way).decode() for way in changed_values(written, node, [], chance))
    return (Edit(*span, f"({value})"),), tuple((Edit(*span, other),) for other in others)


def _is_plain(value: str) -> bool:
    """Return whether a value is the literal that it is written as."""
    try:
        return len(value) <= _LONGEST and repr(ast.literal_eval(value)) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False


class _Purity:
    """Knows which expressions of a function depend on the standard library and the test alone."""

    def __init__(self, module: Module, function: Function) -> None:
        self._imports = _standard_names(module.tree)
        self._constants = _assigned(module.tree.body)
        self._locals = _assigned(function.body)
        arguments = function.args
        self._parameters = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}

    def holds(self, node: ast.expr) -> bool:
        """Return whether all that ``node`` is made of is standard, or written in the test."""
        return all(self._is_pure(name, frozenset()) for name in _loaded(node))

    def behind(self, node: ast.expr) -> list[ast.AST]:
        """Return the nodes that a value is made of, those of local names included."""
        values = [value for name in _loaded(node) for value in self._locals.get(name, [])]
        return [each for value in (node, *values) for each in ast.walk(value)]

    def _is_pure(self, name: str, above: frozenset[str]) -> bool:
        if name in self._parameters or name in above:
            return False
        values = self._locals.get(name) or self._constants.get(name)
        if values is not None:
            return all(self._is_pure(each, above | {name}) for value in values for each in _loaded(value))
        return name in self._imports or hasattr(builtins, name)


def _loaded(node: ast.AST) -> set[str]:
    """Return the names that a node reads from outside itself."""
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    own = {each.id for each in names if not isinstance(each.ctx, ast.Load)}
    return {each.id for each in names if each.id not in own}


def _assigned(body: Iterable[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Return the values that names are given in a body; one that is given another way has a value of no name."""
    values: dict[str, list[ast.expr]] = {}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
                for target in node.targets:
                    values.setdefault(target.id, []).append(node.value)  # type: ignore[attr-defined]
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                values.setdefault(node.id, [])
    unknown = ast.Name("?", ast.Load())
    stored = _stores(body)
    return {name: seen if len(seen) == stored.get(name, 0) else [unknown] for name, seen in values.items()}


def _stores(body: Iterable[ast.stmt]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                counts[node.id] = counts.get(node.id, 0) + 1
    return counts


def _standard_names(tree: ast.Module) -> set[str]:
    """Return the names that a module imports from the standard library."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            plain = [alias for alias in node.names if alias.name.partition(".")[0] in sys.stdlib_module_names]
            names |= {alias.asname or alias.name.partition(".")[0] for alias in plain}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            standard = (node.module or "").partition(".")[0] in sys.stdlib_module_names
            names |= {alias.asname or alias.name for alias in node.names if standard}
    return names
