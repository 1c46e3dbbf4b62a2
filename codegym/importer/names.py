"""Reads the names of tests from rows, in all the forms in which rows have them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from codegym.errors import TaskError
from codegym.syntax import literal_value, parse_module

_Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_NODE_ID = re.compile(r"[^\s:\[]+\.\w+::[^\s\[][^\[]*(\[.*\])?", re.DOTALL)


def read_names(value: Any) -> tuple[str, ...]:
    """Return the test names in a list, an array, the keys of a map, or JSON or Python text of one of these.

    An empty value has no names. Keys of a map whose value is ``None`` do not count, since in a table of columns
    every row has the keys of all rows. Duplicates are dropped. Raises :class:`~codegym.errors.TaskError` for
    anything else.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return ()
    parsed = _parsed(value) if isinstance(value, str) else value
    if isinstance(parsed, dict):
        parsed = [name for name, status in parsed.items() if status is not None]
    if hasattr(parsed, "tolist"):
        parsed = parsed.tolist()
    if not isinstance(parsed, list | tuple) or not all(isinstance(name, str) for name in parsed):
        raise TaskError(f"expected a list of test names, got {str(value)[:80]!r}")
    return tuple(dict.fromkeys(parsed))


def read_object(value: Any) -> dict[str, Any]:
    """Return a map, which may be given as JSON text; anything else gives an empty map."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def functions(code: str, *, skipped: bool = True) -> Iterator[str]:
    """Yield the names of a Python module's functions; methods are named ``Class::function``.

    ``skipped=False`` leaves out tests, and all tests of a class, with the decorator ``skip``.
    """

    def below(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, _NAMED) and (skipped or not _is_skipped(node)):
                if isinstance(node, ast.ClassDef):
                    yield from below(node.body, f"{prefix}{node.name}::")
                else:
                    yield prefix + node.name

    return below(parse_module(code).body, "")


def _is_skipped(node: _Named) -> bool:
    """Return whether ``node`` has a decorator called ``skip``: unittest's, or pytest's mark."""
    called = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
    return any((isinstance(one, ast.Attribute) and one.attr == "skip") or _is_name(one, "skip") for one in called)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def ids_of_tests(path: str, code: str) -> list[str]:
    """Return pytest's ids of the tests in a module that are not always skipped, without parameters."""
    names = functions(code, skipped=False)
    return [f"{path}::{name}" for name in names if name.rpartition("::")[2].startswith("test")]


def is_node_id(name: str) -> bool:
    """Return whether a name is an id that pytest can run: a file, a test, and complete parameters if any.

    Parameters that a log parser cut at a space do not end with a bracket. Apart from that they may be any text.
    The file may be a text file with doctests.
    """
    return _NODE_ID.fullmatch(name) is not None


def _parsed(text: str) -> Any:
    """Parse JSON or a Python literal; return the text itself if it is neither."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return literal_value(text)
    except (ValueError, SyntaxError):
        return text
