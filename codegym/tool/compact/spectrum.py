"""Which functions are most likely to hold the fault, given the lines that failing and passing tests run?

Spectrum-based fault localisation (Abreu et al., 2007): every line that a failing test runs gets the Ochiai score
``failed(line) / sqrt(all_failed * (failed(line) + passed(line)))``; a function's score is that of its most
suspicious line, and every line with that score is marked. Names count too, since tests are mostly named after what
they test. This text is also part of the program that runs in the box, :mod:`codegym.tool.compact.tracer`.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable
from types import CodeType
from typing import Any

MOST = 12
NAME_WEIGHT = 0.5


def suspects(
    lines: dict[str, set[tuple[str, int]]], failed: dict[str, bool], parse: Callable[[str], ast.Module]
) -> list[dict[str, Any]]:
    """Return the most suspicious functions that failing tests run, most suspicious first.

    ``lines`` maps each test to the lines that it runs, as pairs of a path and a number; ``failed`` says whether it
    fails; ``parse`` returns a file's syntax tree.
    """
    by_line = scores(lines, failed)
    test_words = {word for test, bad in failed.items() if bad for word in words(test)}
    by_function: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted({path for path, _ in by_line}):
        tree = parse(path)
        for name, node in functions(tree):
            own = {n: by_line[path, n] for n in own_lines(node) if (path, n) in by_line}
            if own:
                by_function[path, name] = suspect(path, name, node, own)
    for each in by_function.values():
        parts = words(each["name"])
        each["score"] = round(each["score"] + NAME_WEIGHT * len(parts & test_words) / max(1, len(parts)), 6)
    ranked = sorted(by_function.values(), key=lambda s: (-s["score"], -len(s["hot"]), s["path"], s["first"]))
    return ranked[:MOST]


def scores(lines: dict[str, set[tuple[str, int]]], failed: dict[str, bool]) -> dict[tuple[str, int], float]:
    """Return the Ochiai score of every line that a failing test runs."""
    failing, passing = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for test, ran in lines.items():
        (failing if failed.get(test) else passing).update(ran)
    total = sum(failed.values())
    return {line: round(n / math.sqrt(total * (n + passing[line])), 6) for line, n in failing.items()}


def suspect(path: str, name: str, node: ast.FunctionDef, lines: dict[int, float]) -> dict[str, Any]:
    """Describe one function: where it is, its score, and its lines with that score."""
    score = max(lines.values())
    where = {"path": path, "name": name, "first": node.lineno, "last": node.end_lineno}
    hot = sorted(line for line, each in lines.items() if each > score - 1e-9)
    return where | {"score": score, "hot": hot, "docstring": docstring(node)}


def words(name: str) -> set[str]:
    """Return the words of a name in snake_case or CamelCase, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)} - {"test", "py"}


def docstring(node: ast.FunctionDef) -> list[int]:
    """Return the first and last line of a function's docstring; empty if it has no such lines or nothing else."""
    first = node.body[0]
    if len(node.body) < 2 or ast.get_docstring(node) is None or node.body[1].lineno == first.end_lineno:
        return []
    return [first.lineno, first.end_lineno or first.lineno]


def functions(tree: ast.AST, prefix: str = "") -> list[tuple[str, ast.FunctionDef]]:
    """Return every function with its qualified name, outer ones first."""
    result = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            result.append((prefix + node.name, node))
            result += functions(node, f"{prefix}{node.name}.")
        else:
            result += functions(node, f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix)
    return result  # type: ignore[return-value]


def body_lines(code: CodeType) -> set[int]:
    """Return the lines of a code object without its first, the ``def``; of a function in one line, that one."""
    lines = {line for _, _, line in code.co_lines() if line}
    is_function = not code.co_name.startswith("<")
    return lines if is_function and lines == {code.co_firstlineno} else lines - {code.co_firstlineno}


def own_lines(node: ast.FunctionDef) -> set[int]:
    """Return the lines of a function's body that belong to no function inside it."""
    lines = set(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    for _, inner in functions(node):
        lines -= set(range(inner.body[0].lineno, (inner.end_lineno or inner.lineno) + 1))
    return lines
