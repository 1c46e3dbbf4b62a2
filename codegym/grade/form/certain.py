"""Finds the parts of a Python test that every right solution reaches.

Another right solution may take another path through a test than gold: it raises where gold returns, reports fewer
warnings, or catches what a callback raises. A check that it need not reach must not get a wrong form: code that
does not reach the check passes in every form, and would be accused.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
_VALUE_MAKERS = frozenset({
    "chain", "choice", "choices", "combinations", "count", "cycle", "get", "items", "keys", "pairwise",
    "permutations", "product", "randint", "random", "randrange", "repeat", "sample", "shuffle", "split",
    "splitlines", "values",
})  # fmt: skip
"""Functions, beside the built-ins, that make values of their arguments without the code under test."""
_EXCEPTION_CATCHERS = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex"})
_SEPARATE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.JoinedStr)
"""Functions and classes, which others run if at all; and f-strings, whose parts have no known position."""


class FunctionNames(NamedTuple):
    """Which functions a test file calls: ``pure`` ones return the same under every solution.

    ``foreign`` are names of other modules, and names that have another meaning in a part of the file.
    """

    pure: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()


def certain_nodes(function: Function, names: FunctionNames = FunctionNames()) -> Iterator[ast.AST]:  # noqa: B008
    """Yield the nodes of a function that are evaluated whenever it runs to its end, in order.

    If a fixture returns a function that is defined in it, the nodes of that function follow, since the test calls
    it. ``names`` are the functions that the file calls.
    """
    yield from _block_nodes(function.body, _UnknownNames(function, names))
    if any(
        _called_name(each) == "fixture" or getattr(each, "attr", "") == "fixture"
        for each in function.decorator_list
    ):
        returns = (node for node in ast.walk(function) if isinstance(node, ast.Return | ast.Yield))
        returned = {getattr(getattr(node, "value", None), "id", "") for node in returns}
        inner = (each for each in function.body if isinstance(each, Function) and each.name in returned)
        for each in inner:
            yield from certain_nodes(each, names)


def certain_calls(function: Function) -> frozenset[str]:
    """Return the names that a function calls whenever it runs, and its parameters, which may be fixtures."""
    nodes = [*certain_nodes(function), *function.decorator_list]
    names = {_called_name(node) for node in nodes} | {each.arg for each in function.args.args}
    return frozenset(names - {""})


def _block_nodes(body: Sequence[ast.stmt], unknown: _UnknownNames) -> Iterator[ast.AST]:
    """Yield the nodes of a block that are always evaluated: up to the first statement that may leave it."""
    for statement in body:
        yield from _statement_nodes(statement, unknown)
        if may_exit(statement):
            return


def may_exit(statement: ast.AST, *, loop: bool = False) -> bool:
    """Return whether a statement may leave its block or its function early: by return, continue or break.

    Inside a ``loop`` of its own, continue and break leave only that loop.
    """
    if isinstance(statement, ast.Return) or (isinstance(statement, ast.Continue | ast.Break) and not loop):
        return True
    if isinstance(statement, _SEPARATE):
        return False
    loop = loop or isinstance(statement, ast.For | ast.AsyncFor | ast.While)
    return any(may_exit(child, loop=loop) for child in ast.iter_child_nodes(statement))


def _statement_nodes(node: ast.stmt, unknown: _UnknownNames) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that are always evaluated, without bodies that may be skipped."""
    if isinstance(node, ast.If):
        yield node
        yield from _expression_nodes(node.test)
    elif isinstance(node, ast.For | ast.AsyncFor):
        yield node
        yield from _expression_nodes(node.iter)
        if not unknown.is_unknown(node.iter):
            yield from _block_nodes(node.body, unknown)
    elif isinstance(node, ast.Try):
        yield from () if node.handlers else _block_nodes(node.body, unknown)
        yield from _block_nodes(node.finalbody, unknown)
    elif isinstance(node, ast.With | ast.AsyncWith):
        yield from _expression_nodes(*(item.context_expr for item in node.items))
        if not any(_called_name(item.context_expr) in _EXCEPTION_CATCHERS for item in node.items):
            yield from _block_nodes(node.body, unknown)
    elif not isinstance(node, ast.While | ast.Match):
        yield from _expression_nodes(node)


def _expression_nodes(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Yield ``nodes`` and their descendants in order, without functions and operands that may be skipped."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SEPARATE):
            continue
        yield node
        if isinstance(node, ast.IfExp):
            waiting.append(node.test)
        elif isinstance(node, ast.BoolOp) and not isinstance(node.op, ast.And):
            waiting.append(node.values[0])
        else:
            waiting += reversed(list(ast.iter_child_nodes(node)))


class _UnknownNames:
    """Knows the local names of a function that depend on unknown calls: a loop over such a value may be empty."""

    def __init__(self, function: Function, names: FunctionNames) -> None:
        self._functions, self._names = names, frozenset[str]()
        for _ in range(2):  # twice, since a name may be used in a loop above its assignment
            for node in ast.walk(function):
                for target, value in _assignments(node):
                    if value is None or self.is_unknown(value):
                        self._names |= {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}

    def is_unknown(self, node: ast.expr) -> bool:
        """Return whether the value of ``node`` depends on an unknown call."""
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        calls = (each for each in ast.walk(node) if isinstance(each, ast.Call | ast.Await | ast.Yield))
        return bool(names & self._names) or not all(map(self._is_known, calls))

    def _is_known(self, node: ast.expr) -> bool:
        """Return whether ``node`` calls a function that makes its value without the code under test."""
        function, name = getattr(node, "func", None), _called_name(node)
        if isinstance(function, ast.Name):
            is_builtin = hasattr(builtins, name) and name not in self._functions.foreign
            return is_builtin or name in self._functions.pure | _VALUE_MAKERS
        source = getattr(function, "value", None)
        is_foreign = isinstance(source, ast.Name) and source.id in self._functions.foreign
        return name in _VALUE_MAKERS and not is_foreign


def _assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield the targets to which ``node`` assigns, with the values; ``None`` for a context manager."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, None


def _called_name(node: ast.AST) -> str:
    """Return the name of the function that ``node`` calls; empty if it is no call or has no name."""
    function = getattr(node, "func", None)
    return str(getattr(function, "attr", None) or getattr(function, "id", ""))
