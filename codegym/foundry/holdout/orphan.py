"""Finds what only tests used that were removed from a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from codegym.foundry.holdout.module import Function


def orphans(tree: ast.Module, text: str, whole: ast.Module, others: Sequence[bytes]) -> Iterator[ast.stmt]:
    """Yield the statements at the top of a cut file that name something which nothing mentions any more.

    These are assignments to one name, plain functions and plain classes. ``text`` is the file's, ``whole`` the
    tree before the cut: what nobody used there either stays. ``others`` are files that may import this one.
    """
    texts = [other.decode("latin-1") for other in others]
    for node in tree.body:
        name = _named_by(node)
        if name and _uses(name, whole) and _count(name, text) == 1 and not any(_count(name, o) for o in texts):
            yield node


def _named_by(node: ast.stmt) -> str:
    """Return the name that a statement gives a value; empty if it gives none, or may do more than that."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        name = node.target.id
    elif isinstance(node, Function | ast.ClassDef) and not node.decorator_list:
        name = node.name
    else:
        return ""
    is_collected = name.lower().startswith(("test", "pytest", "setup", "teardown", "__"))
    return "" if is_collected else name


def _count(name: str, text: str) -> int:
    return len(re.findall(rf"\b{re.escape(name)}\b", text))


def _uses(name: str, tree: ast.Module) -> bool:
    """Return whether a file reads a name."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return any(node.id == name for node in nodes)
