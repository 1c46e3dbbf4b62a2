"""Decides whether the values of a table in a Python test are expected values and nothing else.

Only then does every right solution fail the test when such a value is changed. A bound is no expected value, since
another solution may keep within a tighter one; an input of the code under test is none either.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codegym.grade.form.certain import Function, certain_nodes
from codegym.grade.form.table import called_name

_KEY_READERS = frozenset({"enumerate", "keys", "len", "list", "range", "sorted", "tuple"})
"""Functions with which a decorator reads the keys or the length of a table, but not its values."""


def is_expected(table: str, tree: ast.Module, functions: Iterable[Function]) -> bool:
    """Return whether every use of the module's name ``table`` ends in a comparison for equality."""
    uses = [use for function in functions for use in _expected_uses(table, function)]
    loads = [node for node in _name_nodes(tree, table) if isinstance(node.ctx, ast.Load)]
    return bool(loads) and len(uses) == len(loads) and all(uses)


def _expected_uses(table: str, function: Function) -> Iterator[bool]:
    """Yield, for each use of ``table`` in a function or its decorators, whether its values are expected there."""
    nodes = list(certain_nodes(function))
    sides = dict(_compared_pairs(nodes))
    for name in _name_nodes(ast.Module(function.body, []), table):
        is_side = any(isinstance(side, ast.Subscript) and side.value is name for side in sides)
        last_names = [_last_name(target) for target, value in _unpackings(nodes) if name in ast.walk(value)]
        yield is_side or any(last and _is_compared(last, function, sides) for last in last_names)
    for decorator in function.decorator_list:
        for name in _name_nodes(decorator, table):
            calls = [each for each in ast.walk(decorator) if isinstance(each, ast.Call) and name in ast.walk(each)]
            last = _parameter_names(calls[0])[-1:] if calls else []
            reads_keys = any(called_name(call) in _KEY_READERS for call in calls)
            yield reads_keys or any(_is_compared(each, function, sides) for each in last)


def _is_compared(name: str, function: Function, sides: dict[ast.expr, ast.expr]) -> bool:
    """Return whether a name is compared for equality, is not on both sides, and is read only in checks.

    ``sides`` maps each side of a comparison in the function to the other side.
    """
    others = [other for side, other in sides.items() if isinstance(side, ast.Name) and side.id == name]
    checks = [node for node in ast.walk(function) if isinstance(node, ast.Assert) or _is_check(node)]
    inside = {each for check in checks for each in ast.walk(check)}
    loads = [each for each in _name_nodes(ast.Module(function.body, []), name) if isinstance(each.ctx, ast.Load)]
    return (
        bool(others)
        and not any(_name_nodes(other, name) for other in others)
        and all(each in inside for each in loads)
    )


def equal_comparison(test: ast.expr, *, truth: bool) -> ast.Compare | None:
    """Return an equality comparison that holds whenever ``test`` is ``truth``; ``None`` if there is none."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return equal_comparison(test.operand, truth=not truth)
    if isinstance(test, ast.BoolOp):
        return equal_comparison(test.values[0], truth=truth) if isinstance(test.op, ast.And) == truth else None
    if isinstance(test, ast.Call) and called_name(test) == "bool" and len(test.args) == 1:
        return equal_comparison(test.args[0], truth=truth)
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    side = test.comparators[0]
    if (
        truth
        and isinstance(side, ast.Constant)
        and isinstance(side.value, bool)
        and isinstance(test.left, ast.Compare)
    ):
        return equal_comparison(test.left, truth=side.value) if isinstance(test.ops[0], ast.Is | ast.Eq) else None
    return test if isinstance(test.ops[0], ast.Eq if truth else ast.NotEq) else None


def _is_check(node: ast.AST) -> bool:
    """Return whether ``node`` calls a function whose name begins with ``assert``."""
    return isinstance(node, ast.Call) and called_name(node).startswith("assert")


def _compared_pairs(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield both sides of each comparison for equality in ``nodes``, each with the other one."""
    for node in nodes:
        pair: list[ast.expr] = []
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            pair = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and called_name(node) in ("assertEqual", "assertEquals", "assert_equal"):
            pair = node.args[:2]
        if len(pair) == 2:
            yield pair[0], pair[1]
            yield pair[1], pair[0]


def _unpackings(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the target and the value of each assignment, and the target and the iterable of each loop."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield node.targets[0], node.value
        elif isinstance(node, ast.For):
            yield node.target, node.iter


def _last_name(target: ast.expr) -> str:
    """Return the last name that a target assigns to; empty if the last part is no name."""
    while isinstance(target, ast.Tuple | ast.List):
        target = target.elts[-1]
    return target.id if isinstance(target, ast.Name) else ""


def _parameter_names(call: ast.Call) -> list[str]:
    """Return the parameter names in the first argument of a ``parametrize``."""
    first = call.args[0] if call.args else None
    listed = first.elts if isinstance(first, ast.List | ast.Tuple) else [first]
    texts = [each.value for each in listed if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return [name.strip() for text in texts for name in text.split(",")]


def _name_nodes(tree: ast.AST, name: str) -> list[ast.Name]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
