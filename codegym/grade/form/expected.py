"""Whether the values of a table in a Python test are what its checks expect, and nothing that code is given.

Only then must a test fail when one of them is changed, whatever right solution it is about. A bound is no such
value (other code may keep a tighter one), nor is what goes into the code under test.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codegym.grade.form.certain import Function, certain
from codegym.grade.form.table import called

_ASKED = frozenset({"enumerate", "keys", "len", "list", "range", "sorted", "tuple"})
"""What a decorator may take of a table without looking at its values."""


def is_expected(table: str, tree: ast.Module, functions: Iterable[Function]) -> bool:
    """Return whether every use of the module's name ``table`` ends in a comparison for being equal."""
    uses = [use for function in functions for use in _uses(table, function)]
    loads = [node for node in _names(tree, table) if isinstance(node.ctx, ast.Load)]
    return bool(loads) and len(uses) == len(loads) and all(uses)


def _uses(table: str, function: Function) -> Iterator[bool]:
    """Yield whether a table's values are expected, for each place at which a function or its decorators use it."""
    nodes = list(certain(function))
    sides = dict(_sides(nodes))
    for name in _names(ast.Module(function.body, []), table):
        around = [side for side in sides if isinstance(side, ast.Subscript) and side.value is name]
        taken = [_last(target) for target, value in _unpacked(nodes) if name in ast.walk(value)]
        yield bool(around) or any(last and _is_compared(last, function, sides) for last in taken)
    for decorator in function.decorator_list:
        for name in _names(decorator, table):
            calls = [each for each in ast.walk(decorator) if isinstance(each, ast.Call) and name in ast.walk(each)]
            last = _parameters(calls[0])[-1:] if calls else []
            given = any(called(call) in _ASKED for call in calls)
            yield given or any(_is_compared(each, function, sides) for each in last)


def _is_compared(name: str, function: Function, sides: dict[ast.expr, ast.expr]) -> bool:
    """Return whether a name is compared for being equal, and is otherwise seen by checks only."""
    equal = [other for side, other in sides.items() if isinstance(side, ast.Name) and side.id == name]
    checks = [node for node in ast.walk(function) if isinstance(node, ast.Assert) or _is_check(node)]
    inside = {each for check in checks for each in ast.walk(check)}
    loads = [each for each in _names(ast.Module(function.body, []), name) if isinstance(each.ctx, ast.Load)]
    return (
        bool(equal) and not any(_names(other, name) for other in equal) and all(each in inside for each in loads)
    )


def equality(test: ast.expr, *, truth: bool) -> ast.Compare | None:
    """Return the comparison for being equal that holds whenever ``test`` is of that ``truth``, if there is one."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return equality(test.operand, truth=not truth)
    if isinstance(test, ast.BoolOp):
        return equality(test.values[0], truth=truth) if isinstance(test.op, ast.And) == truth else None
    if isinstance(test, ast.Call) and called(test) == "bool" and len(test.args) == 1:
        return equality(test.args[0], truth=truth)
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    side = test.comparators[0]
    if (
        truth
        and isinstance(side, ast.Constant)
        and isinstance(side.value, bool)
        and isinstance(test.left, ast.Compare)
    ):
        return equality(test.left, truth=side.value) if isinstance(test.ops[0], ast.Is | ast.Eq) else None
    return test if isinstance(test.ops[0], ast.Eq if truth else ast.NotEq) else None


def _is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and called(node).startswith("assert")


def _sides(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each side of what is compared for being equal, with the other one."""
    for node in nodes:
        pair: list[ast.expr] = []
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            pair = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and called(node) in ("assertEqual", "assertEquals", "assert_equal"):
            pair = node.args[:2]
        if len(pair) == 2:
            yield pair[0], pair[1]
            yield pair[1], pair[0]


def _unpacked(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield node.targets[0], node.value
        elif isinstance(node, ast.For):
            yield node.target, node.iter


def _last(target: ast.expr) -> str:
    while isinstance(target, ast.Tuple | ast.List):
        target = target.elts[-1]
    return target.id if isinstance(target, ast.Name) else ""


def _parameters(call: ast.Call) -> list[str]:
    first = call.args[0] if call.args else None
    listed = first.elts if isinstance(first, ast.List | ast.Tuple) else [first]
    texts = [each.value for each in listed if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return [name.strip() for text in texts for name in text.split(",")]


def _names(tree: ast.AST, name: str) -> list[ast.Name]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
