"""The cases of a parametrized test and the ids that pytest gives them, as far as both are written out.

Where a test compares with one of its parameters, what it expects stands in these cases.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef
_NAMED = (ast.List, ast.Tuple, ast.Dict, ast.Set)
"""What pytest calls by the parameter's name, and the number of the case."""


@dataclass(frozen=True)
class Cases:
    """One ``parametrize``: the ``call``, its parameters' names, and their values, a row each case."""

    call: ast.Call
    names: tuple[str, ...]
    rows: tuple[tuple[ast.expr, ...], ...]

    def ids(self) -> tuple[str, ...]:
        """Return pytest's ids of the cases; none where they can't be told, or are not all different."""
        cells = (zip(self.names, row, strict=True) for row in self.rows)
        found = tuple("-".join(_id(*cell, number) for cell in row) for number, row in enumerate(cells))
        return found if len(set(found)) == len(found) else ()


def cases_of(function: Function) -> Cases | None:
    """Return the cases of a function with one ``parametrize`` that holds names and values, and no more."""
    calls = [each for each in function.decorator_list if isinstance(each, ast.Call)]
    named = [call for call in calls if _called(call) == "parametrize"]
    return _cases(named[0]) if len(named) == 1 else None


def written_cases(text: str) -> Cases | None:
    """Return the cases that the ``text`` of a ``parametrize`` holds."""
    try:
        call = ast.parse(f"({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return _cases(call) if isinstance(call, ast.Call) else None


def _cases(call: ast.Call) -> Cases | None:
    if len(call.args) != 2 or call.keywords or not isinstance(call.args[1], ast.List | ast.Tuple):
        return None
    names = _names(call.args[0])
    rows = tuple(_row(value, names) for value in call.args[1].elts)
    whole = all(len(row) == len(names) and all(map(_is_plain, row)) for row in rows)
    return Cases(call, names, rows) if names and rows and whole else None


def _names(node: ast.expr) -> tuple[str, ...]:
    given = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def _row(value: ast.expr, names: Sequence[str]) -> tuple[ast.expr, ...]:
    if len(names) == 1:
        return (value,)
    return tuple(value.elts) if isinstance(value, ast.List | ast.Tuple) else ()


def _is_plain(node: ast.expr) -> bool:
    """Return whether it is known what pytest makes of a value in an id."""
    if isinstance(node, _NAMED):
        return True
    value = _value(node)
    if isinstance(value, str):
        return value.isprintable() and value.isascii() and "\\" not in value and value != ""
    return isinstance(value, int | float) or value is None


def _value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return ...


def _id(name: str, node: ast.expr, number: int) -> str:
    return f"{name}{number}" if isinstance(node, _NAMED) else str(_value(node))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
