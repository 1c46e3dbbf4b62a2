"""Removes tests from a test file: in Python functions, methods and single cases, in JavaScript single tests.

All other lines stay as they are, so that what is left looks like a file that never had the tests.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

from codegym.errors import TaskError
from codegym.foundry.holdout.javascript import without_tests
from codegym.foundry.holdout.module import Function, TestModule, read_module
from codegym.foundry.holdout.orphan import orphans
from codegym.foundry.holdout.unit import case_of, file_of, function_of
from codegym.sandbox.protocol import Changes, File
from codegym.tree import Files

_Span = tuple[int, int]
"""Where text to remove begins and ends, in characters."""


def without_units(files: Files, units: Collection[str]) -> Changes:
    """Return the test files that change if ``units`` are removed from ``files``; a removed file is ``None``.

    Raises :class:`~codegym.errors.TaskError` if a file does not have one of the units.
    """
    whole = {unit for unit in units if "::" not in unit}
    changes: Changes = dict.fromkeys(sorted(whole & {*files}))
    for path in sorted({file_of(unit) for unit in units} - whole):
        file, own = files[path], [unit for unit in units if file_of(unit) == path]
        content = _without_units(file.content, own)
        if path.endswith(".py"):
            content = _without_orphans(content, file.content, _texts_of_others(files, path))
        changes[path] = File(content, executable=file.executable)
    return changes


def _texts_of_others(files: Files, path: str) -> list[bytes]:
    """Return the other Python files that may import a test file: those that contain its name."""
    name = path.rpartition("/")[2].removesuffix(".py").encode()
    others = (file.content for other, file in files.items() if other.endswith(".py") and other != path)
    return [content for content in others if name in content]


def can_be_cut(content: bytes, unit: str) -> bool:
    """Return whether the function or the case ``unit`` can be removed from the file with this ``content``."""
    try:
        _without_units(content, [unit])
    except TaskError:
        return False
    return True


def _without_units(content: bytes, units: Sequence[str]) -> bytes:
    """Return a test file without ``units``, which all name that file."""
    if file_of(units[0]).endswith(".py"):
        return _without(read_module(content), units)
    return without_tests(content, [unit.partition("::")[2] for unit in units])


def _without(module: TestModule, units: Iterable[str]) -> bytes:
    """Return a Python file without some functions and cases; a function that has no case left goes as well."""
    functions = {function_of(unit) for unit in units if not case_of(unit)}
    cases: dict[str, set[str]] = {}
    for unit in units:
        if case_of(unit) and function_of(unit) not in functions:
            cases.setdefault(function_of(unit), set()).add(case_of(unit))
    functions |= {unit for unit, cut in cases.items() if (read := module.cases(unit)) and cut >= {*read[1]}}
    spans = [s for unit, cut in cases.items() if unit not in functions for s in _case_spans(module, unit, cut)]
    nodes = [node for unit in sorted(functions) for node in _functions(module, unit)]
    spans += [_span(module, node) for node in _with_emptied_classes(module.tree, nodes)]
    text = module.text
    for start, end in sorted(_outermost(spans), reverse=True):
        text = text[:start] + text[end:]
    return text.encode(module.encoding)


def _without_orphans(content: bytes, whole: bytes, others: Sequence[bytes]) -> bytes:
    """Return a cut test file without the tables and helpers that only removed tests used.

    They contain what hidden tests ask for. ``whole`` is the file as it was.
    """
    while True:
        module = read_module(content)
        spans = [
            _span(module, node) for node in orphans(module.tree, module.text, read_module(whole).tree, others)
        ]
        if not spans:
            return content
        text = module.text
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + text[end:]
        content = text.encode(module.encoding)


def _functions(module: TestModule, unit: str) -> list[Function]:
    nodes = module.functions(unit)
    if not nodes:
        raise TaskError(f"there is no function {unit}")
    return nodes


def _with_emptied_classes(tree: ast.AST, removed: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements ``removed``, and the classes in which nothing but their documentation would remain.

    Raises TaskError if a branch would lose all its statements.
    """
    statements = [*removed]
    for node in [*ast.walk(tree)][::-1]:
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if not isinstance(block, list) or not any(each in statements for each in block):
                continue
            remaining = [each for each in block if each not in statements and not _is_text(each)]
            if isinstance(node, ast.ClassDef) and not remaining:
                statements.append(node)
            elif not remaining and not isinstance(node, ast.Module):
                raise TaskError("a branch would be empty without its tests")
    return statements


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )


def _span(module: TestModule, node: ast.stmt) -> _Span:
    """Return where a function or class is, with its decorators, the comments above and the blank lines below."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first, last = min([node.lineno, *(each.lineno for each in decorators)]), node.end_lineno or node.lineno
    start, end = module.offset(first, 0), module.line_end(last)
    if module.text[start : module.offset(first, node.col_offset)].strip() or _has_more(module, node, end):
        raise TaskError("a test shares a line with another statement")
    indent = module.lines[first - 1][: node.col_offset]
    while first > 1 and module.lines[first - 2].startswith(f"{indent}#"):
        first -= 1
    while last < len(module.lines) and not module.lines[last].strip():
        last += 1
    return module.offset(first, 0), module.line_end(last)


def _has_more(module: TestModule, node: ast.stmt, line_end: int) -> bool:
    """Return whether a line goes on after ``node`` with more than a comment."""
    rest = module.text[module.span(node)[1] : line_end].strip()
    return bool(rest) and not rest.startswith("#")


def _outermost(spans: Iterable[_Span]) -> list[_Span]:
    """Return ``spans`` without those that are inside of another one."""
    ordered = sorted({*spans}, key=lambda span: (span[0], -span[1]))
    kept_spans: list[_Span] = []
    for span in ordered:
        if not kept_spans or span[0] >= kept_spans[-1][1]:
            kept_spans.append(span)
    return kept_spans


def _case_spans(module: TestModule, unit: str, cut: set[str]) -> Iterator[_Span]:
    """Yield where the cases ``cut`` are in a function's decorator: in the list of cases, and in that of ids."""
    read = module.cases(unit)
    if read is None or not cut < {*read[1]}:
        raise TaskError(f"single cases can't be removed from {unit}")
    cases, names = read
    for listed in (cases.call.args[1], *(keyword.value for keyword in cases.call.keywords)):
        if not isinstance(listed, ast.List):
            raise TaskError(f"single cases can't be removed from {unit}")
        yield from _element_spans(module, listed.elts, [name in cut for name in names])


def _element_spans(module: TestModule, elements: Sequence[ast.expr], is_cut: Sequence[bool]) -> Iterator[_Span]:
    """Yield where the elements to cut are: up to the next one that stays, or from the end of the last one."""
    spans = [module.span(element) for element in elements]
    for number, (start, end) in enumerate(spans[1:], 1):
        if {*"()"} & {*module.text[spans[number - 1][1] : start]}:
            raise TaskError("a case in further brackets can't be removed")
        if is_cut[number - 1] and not all(is_cut[number - 1 :]):
            yield spans[number - 1][0], start
        elif all(is_cut[number:]):
            yield spans[number - 1][1], end
