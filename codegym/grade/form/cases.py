"""Computes the ids that pytest gives to parametrized cases, if they follow from the text of the test."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codegym.grade.form.table import Cases

_NUMBERED = (ast.List, ast.Tuple, ast.Dict, ast.Set)
"""Values for which pytest makes an id of the parameter's name and the number of the case."""


def case_ids(cases: Cases, tests: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of all cases, in order.

    Empty if they do not follow from the text, or if one of ``tests`` has another id in brackets.
    """
    rows = zip(cases.rows, cases.ids, strict=True)
    if not all(author_id is not None or all(map(_has_known_id, row)) for row, author_id in rows):
        return ()
    cells = (zip(cases.names, row, strict=True) for row in cases.rows)
    generated = ("-".join(_value_id(*cell, number) for cell in row) for number, row in enumerate(cells))
    ids = tuple(
        text if author_id is None else author_id for text, author_id in zip(generated, cases.ids, strict=True)
    )
    test_ids = {test.partition("[")[2][:-1] for test in tests}
    return ids if len(set(ids)) == len(ids) and test_ids <= set(ids) else ()


def _has_known_id(node: ast.expr) -> bool:
    """Return whether we know how pytest writes a value in an id."""
    if isinstance(node, _NUMBERED):
        return True
    value = _literal_value(node)
    if isinstance(value, str):
        return value.isprintable() and value.isascii() and "\\" not in value and value != ""
    return isinstance(value, int | float) or value is None


def _literal_value(node: ast.expr) -> object:
    """Return the value of a literal; ``...`` for any other expression."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return ...


def _value_id(name: str, node: ast.expr, number: int) -> str:
    """Return what pytest writes in an id for the value ``node`` of the parameter ``name`` in case ``number``."""
    return f"{name}{number}" if isinstance(node, _NUMBERED) else str(_literal_value(node))
