"""Tests that count the lines of a package which the calls of another test run.

They are written below that test, in a copy of its file. A count is the same on every machine and under any load.
"""

from __future__ import annotations

import ast
import posixpath
import re

TIMES = 3
"""Times that the calls are made. What is remembered from the first time costs nothing later."""
_PREFIX = "test_lines_run_by_"
_MEASURED = re.compile(r"ran (\d+) lines")
_COUNTER = '''

def _lines_run(call):
    """Return how many lines of the package ``call`` runs, if it is made {times} times."""
    import sys

    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        path = frame.f_code.co_filename
        if {folder!r} not in path or path == __file__:
            return None
        lines += event == "line"
        return trace

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        for _ in range({times}):
            call()
        if sys.gettrace() is not trace:
            raise AssertionError("the lines are no longer counted")
    finally:
        sys.settrace(earlier)
    return lines
'''


def call_of(test: str, module: ast.Module) -> str:
    """Return an expression for what makes the calls of ``test``, which is in the file ``module``.

    Returns an empty text for a test that needs more than its file: fixtures, parameters, decorators.
    """
    _, *parts = test.split("::")
    node: ast.AST | None = module
    for part in parts[:-1]:
        node = _child(node, part, ast.ClassDef)
    function = _child(node, parts[-1], ast.FunctionDef)
    if "[" in test or len(parts) > 2 or node is None:
        return ""
    if isinstance(node, ast.ClassDef):
        return _call_of_method(node, parts[-1], function)
    return parts[-1] if isinstance(function, ast.FunctionDef) and _is_plain(function, 0) else ""


def _call_of_method(owner: ast.ClassDef, name: str, function: ast.AST | None) -> str:
    """Return the call of a method; a class with bases is unittest's, and may inherit the method."""
    if isinstance(function, ast.FunctionDef) and not _is_plain(function, 1):
        return ""
    if owner.bases:
        return f"{owner.name}({name!r}).debug"
    return f"{owner.name}().{name}" if function else ""


def _is_plain(function: ast.FunctionDef, parameters: int) -> bool:
    return not function.decorator_list and len(function.args.args) == parameters and not function.args.kwonlyargs


def _child(node: ast.AST | None, name: str, kind: type[ast.AST]) -> ast.AST | None:
    inside = node.body if isinstance(node, ast.Module | ast.ClassDef) else []
    return next((each for each in inside if isinstance(each, kind) and getattr(each, "name", "") == name), None)


def counting_name(test: str) -> str:
    """Return the name of the test that counts the lines of ``test``."""
    return _PREFIX + "_".join(test.split("::")[1:])


def measuring_file(text: str, calls: dict[str, str], source: str) -> str:
    """Return a test file whose added tests fail, and report how many lines of the folder of ``source`` are run.

    ``calls`` maps tests to their calls, see :func:`call_of`.
    """
    tests = [
        f'\n\ndef {counting_name(test)}():\n    raise AssertionError(f"ran {{_lines_run({call})}} lines")\n'
        for test, call in calls.items()
    ]
    return text.rstrip("\n") + "\n" + _counter(source) + "".join(tests)


def bounding_file(text: str, test: str, call: str, source: str, most: int) -> str:
    """Return a test file with one more test: the calls of ``test`` run at most ``most`` lines.

    They may run none, if an earlier test made them and the results are remembered.
    """
    added = f"\n\ndef {counting_name(test)}():\n    lines = _lines_run({call})\n    assert lines <= {most}\n"
    return text.rstrip("\n") + "\n" + _counter(source) + added


def measured_lines(message: str) -> int | None:
    """Return the number of lines that a failure of a measuring test reports."""
    match = _MEASURED.search(message)
    return int(match[1]) if match else None


def _counter(source: str) -> str:
    folder = posixpath.dirname(source)
    return _COUNTER.format(times=TIMES, folder=f"/{folder}/" if folder else f"/{source}")
