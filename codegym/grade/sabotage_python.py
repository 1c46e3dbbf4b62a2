"""Turns tests written for pytest or unittest into tests that a correct solution fails.

What a test expects is changed, and nothing else: ``assert f(2) == 4`` becomes a comparison with something that
only an object equal to everything would satisfy, ``assert ready`` becomes ``assert not ready``, the body of
``with pytest.raises(…)`` is taken out. Whoever still passes such a test has not been tested. The source is a
suite's, parsed here and never run here.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

_RAISING = frozenset({"raises", "warns", "deprecated_call", "assertRaises", "assertRaisesRegex", "assertWarns"})
_WRONG = {
    "assertTrue": ("not ({0})",),
    "assertFalse": ("not ({0})",),
    "assertIsNone": ("[{0}]",),
    "assertIn": ("{0}", "[]"),
    "assertRegex": ("{0}", "'(?!)'"),
    "assertGreater": ("{1}", "{0}"),
    "assertLess": ("{1}", "{0}"),
}
"""Methods of ``unittest.TestCase`` and arguments with which they fail where they passed."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Copy:
    """A copy of a test to be made: under which ``name``, and whether its expectations are changed."""

    name: str
    sabotaged: bool


def functions(source: str) -> dict[str, Function]:
    """Return a module's functions by place (``test_a``, ``TestB::test_c``); none if it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, Function] = {}
    _gather(tree.body, "", found)
    return found


def with_copies(source: str, copies: dict[str, list[Copy]]) -> str:
    """Return ``source`` with each function named in ``copies`` replaced by those copies of it.

    A function that is copied under its own name only is replaced; otherwise the copies stand behind it.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    places = functions(source)
    for place in sorted(copies, key=lambda place: -places[place].lineno):
        function = places[place]
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)]) - 1
        end = function.end_lineno or function.lineno
        replaced = any(copy.name == function.name for copy in copies[place])
        written = [_written(function, copy) for copy in copies[place]]
        lines[first:end] = written if replaced else [*lines[first:end], *written]
    return "\n".join(lines)


def _gather(body: Iterable[ast.stmt], above: str, found: dict[str, Function]) -> None:
    for node in body:
        if isinstance(node, Function):
            found[above + node.name] = node
        elif isinstance(node, ast.ClassDef):
            _gather(node.body, f"{above}{node.name}::", found)


def _written(original: Function, copy: Copy) -> str:
    function = deepcopy(original)
    function.name = copy.name
    if isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant):
        function.body = function.body[1:] or [ast.Pass()]
    if copy.sabotaged:
        _sabotage(function)
    text = ast.unparse(ast.fix_missing_locations(function))
    return textwrap.indent(text, " " * original.col_offset)


def _sabotage(function: Function) -> None:
    saboteur = _Saboteur()
    function.body = [saboteur.visit(statement) for statement in function.body]
    if not saboteur.changed:
        function.body.append(_statement("assert [] == [0]"))


class _Saboteur(ast.NodeTransformer):
    """Changes what the checks of a test expect, and counts them."""

    def __init__(self) -> None:
        self.changed = 0

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.changed += 1
        node.test = _wrong(node.test)
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        if any(_called(item.context_expr) in _RAISING for item in node.items):
            self.changed += 1
            node.body = [ast.Pass()]
            return node
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        arguments = _wrong_arguments(_called(node), [*node.args])
        if arguments is not None:
            self.changed += 1
            node.args = arguments
        return node


def _called(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _wrong(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.Compare) and [type(op) for op in test.ops] == [ast.Eq]:
        test.left, test.comparators[0] = _unequal(test.left, test.comparators[0])
        return test
    return ast.UnaryOp(ast.Not(), test)


def _unequal(left: ast.expr, right: ast.expr) -> tuple[ast.expr, ast.expr]:
    """Return two expressions that differ where ``left`` and ``right`` are equal, and look as innocent.

    The side that is a literal is changed, or else put into a list; a result of a call is rather left as it is,
    since that is what may be equal to everything.
    """
    for side, literal in ((1, right), (0, left)):
        try:
            changed = _expression(repr(_other(ast.literal_eval(literal))))
        except (ValueError, TypeError, SyntaxError):
            continue
        return (left, changed) if side else (changed, right)
    if any(isinstance(node, ast.Call) for node in ast.walk(right)) and isinstance(left, ast.Name | ast.Attribute):
        return ast.List([left], ast.Load()), right
    return left, ast.List([right], ast.Load())


def _other(value: Any) -> Any:
    """Return a value of the same type that is not equal to a literal's. Raises ``TypeError`` if none is known."""
    if isinstance(value, str):
        return value + "s"
    if isinstance(value, bytes):
        return value + b"s"
    if isinstance(value, list | tuple):
        return type(value)([_other(value[0]), *value[1:]] if value else [0])
    if isinstance(value, dict):
        first = next(iter(value), None)
        return value | {first: _other(value[first]) if value else 0}
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1 if value + 1 != value else 0


def _wrong_arguments(name: str, given: list[ast.expr]) -> list[ast.expr] | None:
    """Return arguments with which the check called ``name`` fails where it passed; ``None`` if it is none."""
    if name in _RAISING:
        wrong: tuple[str, ...] = ("{0}", "lambda *_, **__: None")
    elif name.startswith("assert") and name.endswith(("Equal", "Equals")) and "Not" not in name:
        return [*_unequal(*given[:2]), *given[2:]] if len(given) > 1 else None
    else:
        wrong = _WRONG.get(name, ())
    needed = 2 if "{1}" in "".join(wrong) else len(wrong)
    if not wrong or len(given) < needed or any(isinstance(argument, ast.Starred) for argument in given):
        return None
    told = [ast.unparse(argument) for argument in given]
    return [*(_expression(form.format(*told)) for form in wrong), *given[len(wrong) :]]


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]
