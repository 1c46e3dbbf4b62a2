"""The ids that pytest gives to parametrized cases, as far as they follow from what is written."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codegym.grade.form.table import Cases

_NAMED = (ast.List, ast.Tuple, ast.Dict, ast.Set)
"""What pytest calls by the parameter's name and the number of the case."""


def case_ids(cases: Cases, tests: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of all cases; none if they don't follow from the text, or ``tests`` have others."""
    rows = zip(cases.rows, cases.ids, strict=True)
    if not all(given is not None or all(map(_is_plain, row)) for row, given in rows):
        return ()
    cells = (zip(cases.names, row, strict=True) for row in cases.rows)
    made = ("-".join(_id(*cell, number) for cell in row) for number, row in enumerate(cells))
    ids = tuple(text if given is None else given for text, given in zip(made, cases.ids, strict=True))
    marks = {test.partition("[")[2][:-1] for test in tests}
    return ids if len(set(ids)) == len(ids) and marks <= set(ids) else ()


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
