"""The literal arguments with which a ``setup.py`` calls ``setup``. The file is parsed, never run."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import Any

from codegym.syntax import parse_module
from codegym.tree import Files


def setup_arguments(files: Files) -> dict[str, Any]:
    """Map each keyword of ``setup(...)`` in the root's ``setup.py`` to its value, if that is a literal.

    A name that is bound to a literal at the top of the file counts as that literal.
    """
    try:
        body = parse_module(files["setup.py"].content).body
    except (KeyError, SyntaxError, ValueError, RecursionError):
        return {}
    constants: dict[str, Any] = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants |= _literal(node.targets[0].id, node.value)
    calls = (node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Call))
    arguments: dict[str, Any] = {}
    for call in calls:
        if "setup" in (getattr(call.func, "id", ""), getattr(call.func, "attr", "")):
            for keyword in call.keywords:
                value, name = keyword.value, keyword.arg or ""
                constant = value.id if isinstance(value, ast.Name) else ""
                arguments |= {name: constants[constant]} if constant in constants else _literal(name, value)
    return arguments


def _literal(name: str, value: ast.expr) -> dict[str, Any]:
    with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {name: ast.literal_eval(value)}
    return {}
