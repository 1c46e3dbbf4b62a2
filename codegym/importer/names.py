"""Names of tests, in the ways in which rows hold them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from codegym.errors import TaskError

_NODE_ID = re.compile(r"[^\s:\[]+\.\w+::[^\s\[][^\[]*(\[.*\])?", re.DOTALL)


def read_names(value: Any) -> tuple[str, ...]:
    """Return test names from a list or an array, from JSON or Python text of one, from the keys of a map.

    Of nothing there are none. A key of a map counts if something is said of it: tables of columns hold the keys of
    all rows. A name that stands twice is kept once. Raises :class:`~codegym.errors.TaskError` for anything else.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return ()
    parsed = _parsed(value) if isinstance(value, str) else value
    if isinstance(parsed, dict):
        parsed = [name for name, said in parsed.items() if said is not None]
    if hasattr(parsed, "tolist"):
        parsed = parsed.tolist()
    if not isinstance(parsed, list | tuple) or not all(isinstance(name, str) for name in parsed):
        raise TaskError(f"expected a list of test names, found {str(value)[:80]!r}")
    return tuple(dict.fromkeys(parsed))


def read_object(value: Any) -> dict[str, Any]:
    """Return an object from one, or from JSON text of one; an empty one from anything else."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def functions(code: str) -> Iterator[str]:
    """Yield the functions of a Python module, those of classes as ``Class::function``."""

    def below(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from below(node.body, f"{prefix}{node.name}::")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield prefix + node.name

    return below(ast.parse(code).body, "")


def ids_of_tests(path: str, code: str) -> list[str]:
    """Return pytest's ids of the tests of a module, without parameters."""
    found = functions(code)
    return [f"{path}::{name}" for name in found if name.rpartition("::")[2].startswith("test")]


def is_node_id(name: str) -> bool:
    """Return whether pytest can be asked for a test by this name: a file, a test, whole parameters.

    Parameters are whole if they end with a bracket: they may hold any text, single brackets too. Those that a log
    parser cut at a space do not. The file may be a text with doctests.
    """
    return _NODE_ID.fullmatch(name) is not None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
