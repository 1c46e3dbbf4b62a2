"""Parses Python source, one text at a time.

Before 3.11.8 and 3.12.2, Python's parser counts the depth of a tree in one place for all threads: if two parse at
once, one of them may raise ``SystemError: AST constructor recursion depth mismatch``, whatever the text is
(https://github.com/python/cpython/issues/106905). Grades, certificates and forges parse in threads.
"""

from __future__ import annotations

import ast
import threading
from typing import Any

_LOCK = threading.Lock()


def parse_module(source: str | bytes) -> ast.Module:
    """Return the syntax tree of a module. Raises what :func:`ast.parse` raises."""
    with _LOCK:
        return ast.parse(source)


def parse_expression(source: str | bytes) -> ast.Expression:
    """Return the syntax tree of one expression. Raises what :func:`ast.parse` raises."""
    with _LOCK:
        return ast.parse(source, mode="eval")


def literal_value(source: str) -> Any:
    """Return the value of a literal, as it is written. Raises what :func:`ast.literal_eval` raises."""
    return ast.literal_eval(parse_expression(source.lstrip(" \t")))
