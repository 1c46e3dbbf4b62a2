"""Reads tables in Python tests: the cases of ``parametrize``, and rows of values over which a test loops."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegym.grade.form.certain import Function
from codegym.grade.form.edit import Edit, Edits, Text
from codegym.grade.form.python_values import is_value

Table = ast.List | ast.Tuple | ast.Dict


def called_name(node: ast.Call) -> str:
    """Return the name of the function or method that is called; empty if it has none."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


@dataclass(frozen=True)
class Cases:
    """The cases of one ``parametrize``: the names of its parameters, and a row of values for each case.

    ``ids`` has the id that the author wrote for each case; ``None`` if pytest makes it of the values.
    """

    call: ast.Call
    names: tuple[str, ...]
    rows: tuple[tuple[ast.expr, ...], ...]
    ids: tuple[str | None, ...]

    def neutral_names(self, text: Text) -> tuple[Edits, tuple[str, ...]]:
        """Return the edit that gives the cases ids that do not reveal their values, and these ids.

        Ids that the author wrote stay.
        """
        names = tuple(f"case{n}" if author_id is None else author_id for n, author_id in enumerate(self.ids))
        if self.call.keywords:
            return (), names
        last = text.span(self.call.args[1])[1]
        return (Edit(last, last, f", ids={list(names)!r}"),), names


def cases_of(function: Function, tables: Mapping[str, Table]) -> Cases | None:
    """Return the parametrized cases of a function; ``None`` if they are not written out in one decorator."""
    calls = [each for each in function.decorator_list if isinstance(each, ast.Call)]
    neutral_names = [call for call in calls if called_name(call) == "parametrize"]
    call = neutral_names[0] if len(neutral_names) == 1 else None
    if call is None or len(call.args) != 2:
        return None
    listed = tables.get(call.args[1].id) if isinstance(call.args[1], ast.Name) else call.args[1]
    if not isinstance(listed, ast.List | ast.Tuple):
        return None
    names = _parameters(call.args[0])
    rows = tuple(_row_values(value, len(names)) for value in listed.elts)
    ids = _author_ids(call, listed.elts)
    is_whole = names and rows and all(len(row) == len(names) for row in rows) and len(ids) == len(rows)
    return Cases(call, names, rows, ids) if is_whole else None


def _author_ids(call: ast.Call, values: Sequence[ast.expr]) -> tuple[str | None, ...]:
    """Return the id that the author wrote for each case, or ``None``; an empty tuple if they are computed."""
    if not call.keywords:
        return tuple(_param_id(value) for value in values)
    listed = call.keywords[0].value if len(call.keywords) == 1 and call.keywords[0].arg == "ids" else None
    texts = listed.elts if isinstance(listed, ast.List | ast.Tuple) else []
    return tuple(str(each.value) for each in texts if isinstance(each, ast.Constant))


def _param_id(value: ast.expr) -> str | None:
    """Return the id in ``pytest.param(…, id="…")``; ``None`` without one."""
    keywords = value.keywords if isinstance(value, ast.Call) else []
    return next(
        (str(k.value.value) for k in keywords if k.arg == "id" and isinstance(k.value, ast.Constant)), None
    )


def _parameters(node: ast.expr) -> tuple[str, ...]:
    """Return the parameter names in the first argument of a ``parametrize``."""
    elements = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    texts = [each.value for each in elements if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def _row_values(value: ast.expr, parameters: int) -> tuple[ast.expr, ...]:
    """Return the values of one case of a ``parametrize`` with so many ``parameters``."""
    if isinstance(value, ast.Call) and called_name(value) == "param":
        return tuple(value.args)
    if parameters == 1:
        return () if isinstance(value, ast.Starred) else (value,)
    return tuple(value.elts) if isinstance(value, ast.List | ast.Tuple) else ()


def last_value(value: ast.expr | None, *, alone: bool) -> ast.expr | None:
    """Return the last value of a table's row, which is probably expected; ``None`` if ``value`` is no row.

    ``alone`` means that ``value`` belongs to a key of a dictionary: then a list, or a single value, is returned
    whole.
    """
    if (
        isinstance(value, ast.Tuple | ast.List)
        and len(value.elts) > 1
        and (isinstance(value, ast.Tuple) or not alone)
    ):
        return value.elts[-1]
    if isinstance(value, ast.Call) and called_name(value) == "param" and len(value.args) > 1:
        return value.args[-1]
    return value if alone and is_value(value) else None
