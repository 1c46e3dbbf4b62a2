"""Which expressions of a Python test depend on the standard library and the test itself alone.

The code under test has no part in them: whatever right solution is tested, they have the same values.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable

from codegym.grade.form.certain import Function
from codegym.grade.form.table import called

_OF_THE_WORLD = frozenset({
    "asyncio", "calendar", "contextvars", "ctypes", "datetime", "gc", "getpass", "glob", "importlib", "inspect",
    "io", "locale", "logging", "multiprocessing", "os", "pathlib", "platform", "secrets", "shutil", "signal",
    "socket", "subprocess", "sys", "tempfile", "threading", "time", "unittest", "uuid", "warnings", "weakref",
    "zoneinfo",
})  # fmt: skip
"""Modules of the standard library that look at the world outside: another day, or another solution, may differ."""
_NOT_PURE = frozenset({"eval", "exec", "globals", "id", "input", "locals", "open", "vars", "__import__"})
"""What Python has built in of that kind."""


class Purity:
    """Knows which expressions of a function depend on the standard library and the test alone."""

    def __init__(self, tree: ast.Module, function: Function | None = None) -> None:
        self._imports = _standard_names(tree)
        self._constants = _assigned(tree.body)
        self._functions = {each.name: each for each in tree.body if isinstance(each, Function)}
        self._locals = _assigned(function.body) if function else {}
        self._parameters = _parameters(function) if function else {}
        self.exposed = frozenset(self._exposed(function) if function else ())
        """The names of the function that code under test is handed."""

    def holds(self, node: ast.expr) -> bool:
        """Return whether all that ``node`` is made of is standard, or written in the test."""
        apart = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
        return not any(isinstance(each, apart) for each in ast.walk(node)) and all(
            self._is_pure(name, frozenset()) for name in _loaded(node)
        )

    def computes(self, node: ast.expr) -> bool:
        """Return whether ``node`` is computed, and of nothing but the standard library and the test."""
        return any(isinstance(each, ast.Call) for each in ast.walk(node)) and self.holds(node)

    def functions(self) -> frozenset[str]:
        """Return the names of the test file's functions that use nothing but the standard library."""
        return frozenset(name for name in self._functions if self._is_pure(name, frozenset()))

    def behind(self, node: ast.expr) -> list[ast.AST]:
        """Return the nodes that a value is made of, those of local names included."""
        values = [value for name in _loaded(node) for value in self._locals.get(name, [])]
        return [each for value in (node, *values) for each in ast.walk(value)]

    def keys(self, node: ast.expr) -> set[str]:
        """Return the parameters and names of loops that a value depends on, directly or by way of local names.

        What else it depends on has one value, or one course of values, in every run of the function.
        """
        return {name for name in self.local_names(node) if self._varies(name)}

    def local_names(self, node: ast.expr) -> set[str]:
        """Return the parameters and local names that a value depends on, directly or by way of others."""
        reached, waiting = set[str](), [*_loaded(node)]
        while waiting:
            name = waiting.pop()
            if name not in reached and (name in self._locals or name in self._parameters):
                reached.add(name)
                waiting += [] if self._varies(name) else self._made_of(name)
        return reached

    def _made_of(self, name: str) -> list[str]:
        return [each for value in self._locals[name] for each in _loaded(value)]

    def _varies(self, name: str) -> bool:
        values = self._locals.get(name, [])
        return name in self._parameters or any(isinstance(value, _Varying) for value in values)

    def _is_pure(self, name: str, above: frozenset[str]) -> bool:
        if name in above:
            return name in self._functions  # a function that calls itself
        if name in self._parameters:
            given = self._parameters[name]
            return given is not None and self._all_pure(given, above | {name})
        values = self._locals.get(name) or self._constants.get(name)
        if values is not None:
            return all(self._all_pure(value, above | {name}) for value in values)
        if name in self._functions:
            return all(self._is_pure(each, above | {name}) for each in _free(self._functions[name]))
        return name in self._imports or (hasattr(builtins, name) and name not in _NOT_PURE)

    def _all_pure(self, node: ast.AST, above: frozenset[str]) -> bool:
        return all(self._is_pure(each, above) for each in _loaded(node))

    def _exposed(self, function: Function) -> Iterable[str]:
        for call in (each for each in ast.walk(function) if isinstance(each, ast.Call)):
            if not self._all_pure(call.func, frozenset()):
                yield from (name for given in (*call.args, *call.keywords) for name in _loaded(given))


class _Varying(ast.expr):
    """What a name of a loop may be: each of the values of ``iter``."""

    _fields = ("iter",)

    def __init__(self, iter: ast.expr) -> None:  # noqa: A002 - the name of the field in Python's own nodes
        super().__init__()
        self.iter = iter


def _loaded(node: ast.AST) -> set[str]:
    """Return the names that a node reads from outside itself."""
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    own = {each.id for each in names if not isinstance(each.ctx, ast.Load)}
    return {each.id for each in names if each.id not in own}


def _free(function: Function) -> set[str]:
    """Return the names that a function reads and neither assigns nor is given."""
    given = {
        each.arg for node in ast.walk(function) if isinstance(node, ast.arguments) for each in _arguments(node)
    }
    return _loaded(ast.Module(function.body, [])) - given


def _arguments(given: ast.arguments) -> list[ast.arg]:
    more = [each for each in (given.vararg, given.kwarg) if each]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *more]


def _parameters(function: Function) -> dict[str, ast.expr | None]:
    """Return the parameters of a test and what their cases are written as; ``None`` for a fixture."""
    made: dict[str, ast.expr | None] = {each.arg: None for each in _arguments(function.args)}
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and called(decorator) == "parametrize" and len(decorator.args) > 1:
            first = decorator.args[0]
            listed = first.elts if isinstance(first, ast.List | ast.Tuple) else [first]
            texts = [
                each.value for each in listed if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            names = [name.strip() for text in texts for name in text.split(",")]
            made |= {name: decorator.args[1] for name in names if name in made}
    return made


def _assigned(body: Iterable[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Return the values that names are given in a body; one that is given another way has a value of no name.

    What is handed to a method of a name, or put into a part of it, may become a part of its value.
    """
    values: dict[str, list[ast.expr]] = {}
    stored: dict[str, int] = {}
    for node in (each for statement in body for each in ast.walk(statement)):
        for target, value in _given(node):
            values.setdefault(target, []).append(value)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored[node.id] = stored.get(node.id, 0) + 1
            values.setdefault(node.id, [])
    unknown: ast.expr = ast.Name("?", ast.Load())
    made = {name: seen if len(seen) == stored[name] else [unknown] for name, seen in values.items()}
    for name, part in (each for statement in body for node in ast.walk(statement) for each in _parts(node)):
        if name in made:
            made[name] = [*made[name], part]
    return made


def _given(node: ast.AST) -> Iterable[tuple[str, ast.expr]]:
    """Return the names that a node gives values to, and those values."""
    if isinstance(node, ast.Assign):
        plain = [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
        unpacked = [target for target in node.targets if isinstance(target, ast.Tuple | ast.List)]
        parts = (each for target in unpacked for each in target.elts if isinstance(each, ast.Name))
        return [*plain, *((each.id, node.value) for each in parts)]
    if isinstance(node, ast.AugAssign | ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        return [(node.target.id, node.value)]
    if isinstance(node, ast.For | ast.comprehension):
        names = [each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)]
        return [(name, _Varying(node.iter)) for name in names]
    return []


def _parts(node: ast.AST) -> Iterable[tuple[str, ast.expr]]:
    """Return names of which a node changes a part, and what becomes a part of them."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    ):
        return [(node.func.value.id, given) for given in (*node.args, *(each.value for each in node.keywords))]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    parts = [target.value for target in targets if isinstance(target, ast.Subscript | ast.Attribute)]
    value = getattr(node, "value", None)
    return [(part.id, value) for part in parts if isinstance(part, ast.Name) and isinstance(value, ast.expr)]


def _standard_names(tree: ast.Module) -> set[str]:
    """Return the names that a module imports from the standard library."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            plain = [alias for alias in node.names if _is_pure_module(alias.name)]
            names |= {alias.asname or alias.name.partition(".")[0] for alias in plain}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            standard = _is_pure_module(node.module or "")
            names |= {alias.asname or alias.name for alias in node.names if standard}
    return names


def _is_pure_module(name: str) -> bool:
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names and top not in _OF_THE_WORLD
