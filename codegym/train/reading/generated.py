"""Faults of a generated suite's train split, looked at as locate and the tests do, but in this process.

The programs executed here are the generator's own, which loop over small inputs only, and wrong tries at them,
which need not end and are stopped.
"""

from __future__ import annotations

import ast
import random
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from keyword import iskeyword
from types import CodeType, FrameType
from typing import Any, NamedTuple

from codegym.harness.text import brief
from codegym.patch import apply_patch
from codegym.sandbox.protocol import File
from codegym.syntax import parse_expression, parse_module
from codegym.task import Task
from codegym.tool.compact.excerpt import excerpt
from codegym.tool.compact.opening import brief_instruction
from codegym.tool.compact.spectrum import body_lines, docstring, functions, suspects
from codegym.tool.compact.suspect import Suspect
from codegym.tool.cut import printable
from codegym.tool.standard.run import brief_counts
from codegym.train.reading.reports import call_text, comparison
from codegym.train.reading.written import Fault

_TRIES_WEIGHTS = (40, 30, 20, 10)
"""How often an episode has no wrong try, one, two, three."""
_IDLE_WEIGHTS = (60, 25, 10, 5)
"""How often it has so many edits that change nothing."""
_MANY = 1000
_VALUE = re.compile(r"\b[A-Za-z_]\w*\b(?!\()|\b\d+\b|//|[<>=!]=|[-+*%<>]")
"""A token that is no function's name in a call."""
_MOST_LINES = 2000
"""Lines that a test may run. The generator's own programs run some dozens."""
_CAUGHT = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, NameError, AssertionError)


class _Module(NamedTuple):
    """A module with a fault, and its text without it."""

    path: str
    wrong: str
    right: str


@dataclass(frozen=True)
class _Check:
    """A visible test: its id, and its code, which returns what came and what was expected."""

    test: str
    call: str
    code: CodeType


def fault_of(task: Task, random_numbers: random.Random) -> Fault:
    """Return a task of a generated suite as a fault. Its visible tests are executed here."""
    module, tests = _module(task), _test_file(task)
    path, wrong, right = module.path, module.wrong, module.right
    checks = _checks(*tests)

    def judge(text: str) -> str:
        _, results = _run(text, path, checks)
        failures = [why for _, why in sorted(results.items()) if why]
        why = printable(brief(next(iter(failures), ""))).strip()
        return brief_counts(len(results) - len(failures), len(failures), why)

    number, idle = (
        random_numbers.choices(range(len(weights)), weights)[0] for weights in (_TRIES_WEIGHTS, _IDLE_WEIGHTS)
    )
    spoilt = (_spoilt(right, wrong, random_numbers) for _ in range(number))
    tries = [text for text in spoilt if text and _ends(text, path, checks) and "failed\n" in judge(text)]
    lines, results = _run(wrong, path, checks)
    failed = {test: why is not None for test, why in results.items()}
    rows = suspects(lines, failed, lambda _: parse_module(wrong))
    return Fault(
        opening=brief_instruction(task.instruction),
        suspects=[Suspect(**row) for row in rows],
        wrong=wrong,
        right=right,
        judge=judge,
        tries=list(dict.fromkeys(tries)),
        idle=[random_numbers.randrange(_MANY) for _ in range(idle)],
    )


def right_excerpts(task: Task) -> str:
    """Return the functions of a generated task's module without its fault, as excerpts show them."""
    module, rows = _module(task), []
    path, text = module.path, module.right
    for name, node in functions(parse_module(text)):
        bounds = docstring(node)
        last = node.end_lineno or node.lineno
        suspect = Suspect(path, name, node.lineno, last, docstring=(bounds[0], bounds[1]) if bounds else ())
        rows.append(excerpt(suspect, text.split("\n")))
    return "\n".join(rows)


def _module(task: Task) -> _Module:
    files = _setup_files(task)
    ((path, file),) = apply_patch(task.gold_patch, files.get).items()
    return _Module(path, files[path].content.decode(), file.content.decode() if file else "")


def _test_file(task: Task) -> tuple[str, str]:
    """Return the path and the text of the file with the visible tests."""
    ((path, file),) = ((path, file) for path, file in _setup_files(task).items() if path.startswith("tests/"))
    return path, file.content.decode()


def _setup_files(task: Task) -> dict[str, File]:
    return {path: file for path, file in apply_patch(task.setup_patch, lambda _: None).items() if file}


def _checks(path: str, text: str) -> list[_Check]:
    """Read a test file of the generator's: in each function some statements, then ``assert call == value``."""
    checks = []
    for node in parse_module(text).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        last = node.body[-1]
        if not isinstance(last, ast.Assert) or not isinstance(last.test, ast.Compare):
            raise ValueError(f"{path}: {node.name} does not end with `assert call == value`")
        left, right = last.test.left, last.test.comparators[0]
        pair = parse_expression(f"({ast.unparse(left)}, {ast.unparse(right)})").body
        node.body[-1] = ast.Return(pair)
        module = ast.fix_missing_locations(ast.Module([node], []))
        checks.append(_Check(f"{path}::{node.name}", call_text(left), compile(module, path, "exec")))
    return checks


def _run(
    text: str, path: str, checks: list[_Check]
) -> tuple[dict[str, set[tuple[str, int]]], dict[str, str | None]]:
    """Return for each check the lines of the module that it runs, and why it fails (``None``: it passes)."""
    names: dict[str, Any] = {}
    lines: dict[str, set[tuple[str, int]]] = {}
    results: dict[str, str | None] = {}
    try:
        with warnings.catch_warnings(action="ignore"):
            code = compile(text, path, "exec")
        exec(code, names)  # noqa: S102 - the generator's own program
    except (SyntaxError, *_CAUGHT) as error:
        return {}, {check.test: f"{type(error).__name__}: {error}" for check in checks}
    for check in checks:
        own = dict(names)
        exec(check.code, own)  # noqa: S102 - the generator's own test
        lines[check.test], results[check.test] = _traced(own[check.test.rpartition("::")[2]], check.call, path)
    return lines, results


class _EndlessError(Exception):
    """A test ran too many lines."""


def _ends(text: str, path: str, checks: list[_Check]) -> bool:
    """Return whether all tests of a text end."""
    try:
        _run(text, path, checks)
    except _EndlessError:
        return False
    return True


def _traced(
    test: Callable[[], tuple[object, object]], call: str, path: str
) -> tuple[set[tuple[str, int]], str | None]:
    lines: set[tuple[str, int]] = set()
    recorded: dict[CodeType, set[int]] = {}
    left = count(_MOST_LINES, -1)

    def trace(frame: FrameType, event: str, _arg: object) -> Any:
        if frame.f_code.co_filename != path:
            return None
        code = frame.f_code
        if code not in recorded:
            recorded[code] = body_lines(code)
        if event == "line":
            if not next(left):
                raise _EndlessError
            if frame.f_lineno in recorded[code]:
                lines.add((path, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result, expected = test()
    except _CAUGHT as error:
        return lines, f"{type(error).__name__}: {error}"
    finally:
        sys.settrace(before)
    return lines, None if result == expected else comparison(call, result, expected)


def _spoilt(right: str, wrong: str, draw: random.Random) -> str:
    """Return ``wrong`` with a wrong try in its place: a line as a policy might write it; empty if none came out.

    Half of the tries are near the right line, so that what a test says of one tells what it lacks. The others are
    further off or in another line, so that a policy also learns to start over.
    """
    old, new = wrong.split("\n"), right.split("\n")
    at = next(n for n in range(len(old)) if n >= len(new) or old[n] != new[n])
    body = _body_around(old, at)
    kind = draw.choice(("near", "near", "far", "elsewhere"))
    if len(old) != len(new) or kind == "elsewhere":
        at = draw.choice(body or [at])
        line = _with_other_tokens(old[at], " ".join(old[n] for n in body), 1, draw)
    elif kind == "far":
        begun = draw.choice((old[at], new[at]))
        source = " ".join([new[at], *(old[n] for n in body)])
        line = _with_other_tokens(begun, source, draw.choice((2, 3)), draw)
    else:
        line = _with_other_tokens(new[at], f"{old[at]} {new[at]}", 1, draw)
    return "" if not line or line == old[at] else "\n".join([*old[:at], line, *old[at + 1 :]])


def _body_around(lines: list[str], at: int) -> list[int]:
    """Return the numbers of the statements of the function that line ``at`` is in, without its docstring."""
    start = next((n for n in range(at, -1, -1) if lines[n].lstrip().startswith("def ")), 0)
    ends = (n for n in range(start + 1, len(lines)) if not lines[n].strip())
    quotes = [n for n in range(start, len(lines)) if '"""' in lines[n]][:2]
    begin = start + 1
    if quotes and quotes[0] == start + 1:
        begin = quotes[0] + 1 if lines[quotes[0]].count('"""') > 1 else quotes[-1] + 1
    return [*range(begin, next(ends, len(lines)))]


def _with_other_tokens(line: str, source: str, most: int, draw: random.Random) -> str:
    """Return ``line`` with up to ``most`` tokens that are others of ``source``; empty if none."""
    texts = {text for text in _VALUE.findall(source) if not iskeyword(text)}
    changed = ""
    for _ in range(most):
        tokens = [match for match in _VALUE.finditer(line) if not iskeyword(match[0])]
        if not tokens:
            break
        token = draw.choice(tokens)
        others = sorted(text for text in texts - {token[0]} if text[0].isalnum() == token[0][0].isalnum())
        if others:
            line = changed = line[: token.start()] + draw.choice(others) + line[token.end() :]
    return changed
