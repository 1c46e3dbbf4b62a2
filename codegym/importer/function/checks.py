"""Turns a benchmark's checks into a pytest file that uses nothing of the solution except the function asked for.

Benchmarks run a solution and its checks as one program, so that a solution may redefine what the checks use. Here
the checks import the function by name, and the file contains the functions that the benchmark provides.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass

from codegym.errors import TaskError
from codegym.syntax import parse_module

SECONDS = 10
"""Seconds of processor time that one test may take, so that an endless loop is a test that fails."""

_HEAD = '''\
"""Tests of {name}."""

import random
import signal

{imports}

{provided}{checks}

def _late(signum, frame):
    raise TimeoutError("it did not end in {seconds} s")


def test_{name}():
    random.seed(0)
    signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, {seconds})
    try:
{calls}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
'''


@dataclass(frozen=True)
class Checks:
    """A benchmark's checks of the function ``name``.

    ``code`` defines the checks and may call them; ``calls`` are further calls. ``program`` is the program that
    they were written for, including its solution. ``also`` are further names that the solution has to define.
    """

    name: str
    code: str
    program: str
    calls: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    module: str = "solution"


def test_file(checks: Checks) -> str:
    """Return a pytest file with the one test ``test_<name>``. Raises TaskError for code that is no Python."""
    program, code = _parse(checks.program, checks.name), _parse(checks.code, checks.name)
    run = [node for node in code.body if isinstance(node, ast.Expr | ast.Assert | ast.For | ast.With | ast.If)]
    definitions = [node for node in code.body if node not in run and not _is_metadata(node)]
    calls = [*(_text(checks.code, node) for node in run), *checks.calls]
    provided = _provided(program, checks, ast.Module([*code.body, *_parse("\n".join(checks.calls), "").body], []))
    used_names = _used([code, _parse("\n".join(checks.calls), ""), *provided])
    return _HEAD.format(
        name=checks.name,
        imports="\n".join(
            [
                *_imports(program, used_names),
                f"from {checks.module} import {', '.join((checks.name, *checks.also))}",
            ]
        ),
        provided="".join(f"{_text(checks.program, node)}\n\n\n" for node in provided),
        checks="\n\n\n".join(_text(checks.code, node) for node in definitions) + "\n",
        calls="\n".join(_indented(call) for call in calls),
        seconds=SECONDS,
    )


def needed_names(solution: str, examples: str, code: str) -> tuple[str, ...]:
    """Return the names of functions and classes of ``solution`` that ``code`` uses; first the function asked for.

    The function asked for is the one that the assertions in ``examples`` call first. Raises :class:`TaskError` if
    they call none.
    """
    nodes = [node for node in _parse(solution, "").body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    defined = [node.name for node in nodes]
    claims: list[ast.AST] = [node for node in ast.walk(_parse(examples, "")) if isinstance(node, ast.Assert)]
    calls = [
        node for claim in claims or [_parse(code, "")] for node in ast.walk(claim) if isinstance(node, ast.Call)
    ]
    called = [call.func.id for call in calls if isinstance(call.func, ast.Name) and call.func.id in defined]
    if not called:
        raise TaskError(
            f"the assertions call no function of the solution, which defines {', '.join(sorted(defined))}"
        )
    checks = _parse(code, "")
    needed = _used([checks]) - _bound(checks)
    return (called[0], *(name for name in defined if name in needed and name != called[0]))


def assertions(code: str) -> tuple[str, ...]:
    """Return the top-level assertions in ``code``."""
    return tuple(_text(code, node) for node in _parse(code, "").body if isinstance(node, ast.Assert))


def _provided(program: ast.Module, checks: Checks, code: ast.Module) -> list[ast.stmt]:
    """Return the definitions of ``program`` that the checks use, except the function asked for."""
    defined = {name: node for node in program.body for name in _defines(node) if name != checks.name}
    provided: list[ast.stmt] = []
    names = _used([code]) - _bound(code)
    while new := [defined[name] for name in sorted(names) if name in defined and defined[name] not in provided]:
        provided += new
        names |= _used(new)
    return [node for node in program.body if node in provided]


def _imports(program: ast.Module, used_names: set[str]) -> list[str]:
    imports = [node for node in program.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return [
        ast.unparse(node)
        for node in imports
        if used_names & {a.asname or a.name for a in node.names} or _star(node)
    ]


def _star(node: ast.Import | ast.ImportFrom) -> bool:
    return any(alias.name == "*" for alias in node.names)


def _defines(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return {
            name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
    return set()


def _used(nodes: list[ast.Module] | list[ast.stmt] | list[ast.AST]) -> set[str]:
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)} - set(dir(builtins))


def _bound(tree: ast.Module) -> set[str]:
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored.union(
        *(_defines(node) for node in tree.body), {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    )


def _is_metadata(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and "METADATA" in _defines(node)


def _parse(code: str, name: str) -> ast.Module:
    try:
        return parse_module(code)
    except (SyntaxError, ValueError) as error:
        place = f"{name}: " if name else ""
        raise TaskError(f"{place}the row's code is not valid Python: {error}") from error


def _text(code: str, node: ast.AST) -> str:
    return ast.get_source_segment(code, node) or ast.unparse(node)


def _indented(call: str) -> str:
    """Return a statement, indented. If it has several lines it is unparsed, so that its strings stay the same."""
    if "\n" in call:
        call = "\n".join(ast.unparse(node) for node in parse_module(call).body)
    return re.sub(r"^", " " * 8, call, flags=re.MULTILINE)
