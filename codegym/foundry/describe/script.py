"""A failing test's own statements as a script, for bugs that no single call shows: state, chains of calls.

Used are a test's statements up to the one that failed, if they need nothing but the test file's imports. The
failing statement becomes an expression, so that its outcome can be compared between two trees.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from codegym.foundry.record.call import RecordedCall
from codegym.syntax import parse_module

_MOST_STATEMENTS = 10
"""Statements of a script; with more nobody reads them."""
_PLACE = re.compile(r"^(\S+\.py):(\d+): in (\w+)$", re.MULTILINE)
"""Matches the line of a short traceback that names a place."""


def scripts(test: str, text: str, output: str) -> Iterator[RecordedCall]:
    """Yield the calls that may show why ``test`` fails. ``text`` is its file's, ``output`` its run's."""
    path, *names = test.partition("[")[0].split("::")
    lines = [int(n) for file, n, function in _PLACE.findall(output) if file == path and function == names[-1]]
    try:
        module = parse_module(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    function = _function(module, names)
    if function is None or not lines:
        return
    body = [node for node in function.body if not _is_docstring(node)]
    at = next((n for n, node in enumerate(body) if node.lineno <= lines[-1] <= (node.end_lineno or 0)), None)
    if at is None or at > _MOST_STATEMENTS:
        return
    for expression in _expressions(body[at]):
        setup = _complete(module, body[:at], expression)
        if setup is not None:
            yield _call(test, setup, ast.unparse(expression))


def _function(module: ast.Module, names: list[str]) -> ast.FunctionDef | None:
    """Return the function that a test id names, if it takes no fixture."""
    inside: list[ast.stmt] = module.body
    for name in names:
        node = next((n for n in inside if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == name), None)
        if isinstance(node, ast.FunctionDef):
            parameters = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
            return node if parameters in ([], ["self"]) and not node.decorator_list else None
        inside = node.body if node else []
    return None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield what a failing statement is about: sides of a comparison, an assertion's arguments, a call."""
    if isinstance(statement, ast.With) and len(statement.body) == 1:
        statement = statement.body[0]
    if isinstance(statement, ast.Assert):
        test = statement.test
        sides = [test.left, *test.comparators] if isinstance(test, ast.Compare) else [test]
        yield from (side for side in sides if not isinstance(side, ast.Constant))
        if len(sides) > 1:
            yield test
    elif isinstance(statement, ast.Expr | ast.Assign | ast.Return) and isinstance(statement.value, ast.Call):
        call = statement.value
        is_assertion = isinstance(call.func, ast.Attribute) and call.func.attr.startswith("assert")
        yield from call.args if is_assertion else [call]


def _complete(module: ast.Module, before: list[ast.stmt], expression: ast.expr) -> list[str] | None:
    """Return the imports and the statements that ``expression`` needs, ``None`` if it needs more than those."""
    nodes = [*before, expression]
    used = {node.id for part in nodes for node in ast.walk(part) if isinstance(node, ast.Name)}
    own = {
        node.id
        for part in nodes
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    imports, missing = [], used - own - {*dir(builtins)}
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias for alias in node.names if _bound(alias) in missing]
            missing -= {_bound(alias) for alias in names}
            if names and not (isinstance(node, ast.ImportFrom) and node.level):
                imports.append(ast.unparse(_with_names(node, names)))
    return None if missing else [*imports, *map(ast.unparse, before)]


def _with_names(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> ast.stmt:
    if isinstance(node, ast.ImportFrom):
        return ast.ImportFrom(module=node.module, names=names, level=0)
    return ast.Import(names=names)


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _call(test: str, setup: list[str], source: str) -> RecordedCall:
    return RecordedCall(
        path="",
        function="",
        line=0,
        name="",
        source=source,
        setup=tuple(setup),
        modules=(),
        arguments=(),
        direct=True,
        test=test,
        kind="returned",
        value="",
        type="",
        message="",
        frames=(),
    )
