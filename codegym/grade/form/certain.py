"""Which checks of a Python test are reached by everybody who passes it.

Another right solution may take another way through a test than gold does: it raises where gold returns, reports
fewer warnings, catches what a callback raises. A check that it need not reach must not be put into a wrong form,
since code that never reaches it passes in any form.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef
_GIVE = frozenset({
    "chain", "choice", "choices", "combinations", "count", "cycle", "get", "items", "keys", "pairwise",
    "permutations", "product", "randint", "random", "randrange", "repeat", "sample", "shuffle", "split",
    "splitlines", "values",
})  # fmt: skip
"""Further names of what makes values of values, beside what Python has built in."""
_SWALLOWS = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex"})
_APART = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.JoinedStr)
"""What is run by others, if at all; and formatted strings, whose parts have no known position."""


def certain(function: Function, makers: frozenset[str] = frozenset()) -> Iterator[ast.AST]:
    """Yield the nodes of a function that are evaluated whenever it runs to its end, in order.

    Of a fixture that returns a function of its own so are that one's, which the test is to call. ``makers`` are
    functions of the test file that use nothing but the standard library: what they return is always the same.
    """
    yield from _block(function.body, _Unknown(function, makers))
    if any(_name(each) == "fixture" or getattr(each, "attr", "") == "fixture" for each in function.decorator_list):
        given = {getattr(getattr(node, "value", None), "id", "") for node in ast.walk(function) if _gives(node)}
        inner = (each for each in function.body if isinstance(each, Function) and each.name in given)
        for each in inner:
            yield from certain(each, makers)


def _gives(node: ast.AST) -> bool:
    return isinstance(node, ast.Return | ast.Yield)


def calls_of(function: Function) -> frozenset[str]:
    """Return the names of what a function certainly calls, and of its parameters, which may be fixtures."""
    nodes = [*certain(function), *function.decorator_list]
    names = {_name(node) for node in nodes} | {each.arg for each in function.args.args}
    return frozenset(names - {""})


def _block(body: Sequence[ast.stmt], unknown: _Unknown) -> Iterator[ast.AST]:
    for statement in body:
        yield from _statement(statement, unknown)
        if leaves(statement):
            return


def leaves(statement: ast.AST, *, loop: bool = False) -> bool:
    """Return whether a statement may end the block that it stands in, or its function."""
    if isinstance(statement, ast.Return) or (isinstance(statement, ast.Continue | ast.Break) and not loop):
        return True
    if isinstance(statement, _APART):
        return False
    loop = loop or isinstance(statement, ast.For | ast.AsyncFor | ast.While)
    return any(leaves(child, loop=loop) for child in ast.iter_child_nodes(statement))


def _statement(node: ast.stmt, unknown: _Unknown) -> Iterator[ast.AST]:
    if isinstance(node, ast.If):
        yield node
        yield from _expressions(node.test)
    elif isinstance(node, ast.For | ast.AsyncFor):
        yield node
        yield from _expressions(node.iter)
        if not unknown.holds(node.iter):
            yield from _block(node.body, unknown)
    elif isinstance(node, ast.Try):
        yield from () if node.handlers else _block(node.body, unknown)
        yield from _block(node.finalbody, unknown)
    elif isinstance(node, ast.With | ast.AsyncWith):
        yield from _expressions(*(item.context_expr for item in node.items))
        if not any(_name(item.context_expr) in _SWALLOWS for item in node.items):
            yield from _block(node.body, unknown)
    elif not isinstance(node, ast.While | ast.Match):
        yield from _expressions(node)


def _expressions(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Yield nodes and all below them in order, without functions and what a condition may skip."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _APART):
            continue
        yield node
        if isinstance(node, ast.IfExp):
            waiting.append(node.test)
        elif isinstance(node, ast.BoolOp) and not isinstance(node.op, ast.And):
            waiting.append(node.values[0])
        else:
            waiting += reversed(list(ast.iter_child_nodes(node)))


class _Unknown:
    """The local names of a function that may stand for anything, and so for something empty: results of calls."""

    def __init__(self, function: Function, makers: frozenset[str]) -> None:
        self._makers, self._names = makers, frozenset[str]()
        for _ in range(2):  # the second time with names that are only assigned further down
            for node in ast.walk(function):
                for target, value in _assigned(node):
                    if value is None or self.holds(value):
                        self._names |= {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}

    def holds(self, node: ast.expr) -> bool:
        """Return whether ``node`` may have any value."""
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        calls = (each for each in ast.walk(node) if isinstance(each, ast.Call | ast.Await | ast.Yield))
        made_by = {_name(each) for each in calls}
        known = self._makers | _GIVE
        return bool(names & self._names) or any(
            not hasattr(builtins, name) and name not in known for name in made_by
        )


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, None


def _name(node: ast.AST) -> str:
    function = getattr(node, "func", None)
    return str(getattr(function, "attr", None) or getattr(function, "id", ""))
