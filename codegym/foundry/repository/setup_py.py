"""What a ``setup.py`` says in so many words: the literals that it calls ``setup`` with. Parsed, never run."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import Any

from codegym.tree import Files


def called_with(files: Files) -> dict[str, Any]:
    """Return the literals, by keyword, that the root's ``setup.py`` hands over, be they named above it."""
    try:
        body = ast.parse(files["setup.py"].content).body
    except (KeyError, SyntaxError, ValueError, RecursionError):
        return {}
    named: dict[str, Any] = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named |= _literal(node.targets[0].id, node.value)
    calls = (node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Call))
    found: dict[str, Any] = {}
    for call in calls:
        if "setup" in (getattr(call.func, "id", ""), getattr(call.func, "attr", "")):
            for keyword in call.keywords:
                value, name = keyword.value, keyword.arg or ""
                called = value.id if isinstance(value, ast.Name) else ""
                found |= {name: named[called]} if called in named else _literal(name, value)
    return found


def _literal(name: str, value: ast.expr) -> dict[str, Any]:
    with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {name: ast.literal_eval(value)}
    return {}
