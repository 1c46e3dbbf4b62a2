"""Finds expressions of a Python test that depend only on the standard library and on the test itself.

Such expressions are *pure*: they have the same value under every right solution.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable

from codegym.grade.form.certain import Function
from codegym.grade.form.table import called_name

_OF_THE_WORLD = frozenset({
    "asyncio", "calendar", "contextvars", "ctypes", "datetime", "gc", "getpass", "glob", "importlib", "inspect",
    "io", "locale", "logging", "multiprocessing", "os", "pathlib", "platform", "secrets", "shutil", "signal",
    "socket", "subprocess", "sys", "tempfile", "threading", "time", "unittest", "uuid", "warnings", "weakref",
    "zoneinfo",
})  # fmt: skip
"""Modules of the standard library whose results depend on the day, the machine or the files in the box."""
_IMPURE_BUILTINS = frozenset({"eval", "exec", "globals", "id", "input", "locals", "open", "vars", "__import__"})
"""Built-in functions of that kind."""


class Purity:
    """Knows which expressions of a function are pure; without a function, which functions of the file are."""

    def __init__(self, tree: ast.Module, function: Function | None = None) -> None:
        self._imports = _standard_imports(tree)
        self._constants = _assigned_values(tree.body)
        self._functions = {each.name: each for each in tree.body if isinstance(each, Function)}
        self._locals = _assigned_values(function.body) if function else {}
        self._parameters = _parameters(function) if function else {}
        self.exposed_names = frozenset(self._arguments_of_impure_calls(function) if function else ())
        """The names whose values are passed to functions that are not pure."""

    def is_pure(self, node: ast.expr) -> bool:
        """Return whether ``node`` is pure."""
        impure = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
        return not any(isinstance(each, impure) for each in ast.walk(node)) and all(
            self._is_pure_name(name, frozenset()) for name in _read_names(node)
        )

    def is_computed(self, node: ast.expr) -> bool:
        """Return whether ``node`` is pure and contains a call."""
        return any(isinstance(each, ast.Call) for each in ast.walk(node)) and self.is_pure(node)

    def pure_functions(self) -> frozenset[str]:
        """Return the names of the file's functions that use only the standard library and each other."""
        return frozenset(name for name in self._functions if self._is_pure_name(name, frozenset()))

    def nodes_behind(self, node: ast.expr) -> list[ast.AST]:
        """Return the nodes of ``node``, and the nodes of the values that its local names are assigned."""
        values = [value for name in _read_names(node) for value in self._locals.get(name, [])]
        return [each for value in (node, *values) for each in ast.walk(value)]

    def variables(self, node: ast.expr) -> set[str]:
        """Return the parameters and loop variables that ``node`` depends on, directly or through local names.

        Everything else that it depends on has one value, or the same sequence of values, in every run.
        """
        return {name for name in self.local_names(node) if self._is_variable(name)}

    def local_names(self, node: ast.expr) -> set[str]:
        """Return the parameters and local names that ``node`` depends on, directly or through others."""
        reached, waiting = set[str](), [*_read_names(node)]
        while waiting:
            name = waiting.pop()
            if name not in reached and (name in self._locals or name in self._parameters):
                reached.add(name)
                values = [] if self._is_variable(name) else self._locals[name]
                waiting += [each for value in values for each in _read_names(value)]
        return reached

    def _is_variable(self, name: str) -> bool:
        """Return whether a name is a parameter or the variable of a loop."""
        values = self._locals.get(name, [])
        return name in self._parameters or any(isinstance(value, _LoopValue) for value in values)

    def _is_pure_name(self, name: str, above: frozenset[str]) -> bool:
        """Return whether the value of a name is pure.

        ``above`` are the names that are being examined already; they stop an endless recursion.
        """
        if name in above:
            return name in self._functions  # a function that calls itself
        if name in self._parameters:
            cases = self._parameters[name]
            return cases is not None and self._reads_pure_names(cases, above | {name})
        values = self._locals.get(name) or self._constants.get(name)
        if values is not None:
            return all(self._reads_pure_names(value, above | {name}) for value in values)
        if name in self._functions:
            return all(self._is_pure_name(each, above | {name}) for each in _outside_names(self._functions[name]))
        return name in self._imports or (hasattr(builtins, name) and name not in _IMPURE_BUILTINS)

    def _reads_pure_names(self, node: ast.AST, above: frozenset[str]) -> bool:
        """Return whether all names that ``node`` reads are pure."""
        return all(self._is_pure_name(each, above) for each in _read_names(node))

    def _arguments_of_impure_calls(self, function: Function) -> Iterable[str]:
        """Yield the names in the arguments of calls of functions that are not pure."""
        for call in (each for each in ast.walk(function) if isinstance(each, ast.Call)):
            if not self._reads_pure_names(call.func, frozenset()):
                yield from (name for argument in (*call.args, *call.keywords) for name in _read_names(argument))


class _LoopValue(ast.expr):
    """The value of a loop variable: one of the values of ``iter`` in each turn."""

    _fields = ("iter",)

    def __init__(self, iter: ast.expr) -> None:  # noqa: A002 - the name of the field in Python's own nodes
        super().__init__()
        self.iter = iter


def _read_names(node: ast.AST) -> set[str]:
    """Return the names that ``node`` reads and does not assign itself."""
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    own = {each.id for each in names if not isinstance(each.ctx, ast.Load)}
    return {each.id for each in names if each.id not in own}


def _outside_names(function: Function) -> set[str]:
    """Return the names that a function reads and that are neither assigned in it nor its parameters."""
    parameters = {
        each.arg
        for node in ast.walk(function)
        if isinstance(node, ast.arguments)
        for each in _parameter_nodes(node)
    }
    return _read_names(ast.Module(function.body, [])) - parameters


def _parameter_nodes(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters, ``*args`` and ``**kwargs`` included."""
    more = [each for each in (arguments.vararg, arguments.kwarg) if each]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *more]


def _parameters(function: Function) -> dict[str, ast.expr | None]:
    """Map the parameters of a test to the list of cases in its ``parametrize``; ``None`` for a fixture."""
    parameters: dict[str, ast.expr | None] = {each.arg: None for each in _parameter_nodes(function.args)}
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and called_name(decorator) == "parametrize" and len(decorator.args) > 1:
            first = decorator.args[0]
            listed = first.elts if isinstance(first, ast.List | ast.Tuple) else [first]
            texts = [
                each.value for each in listed if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            names = [name.strip() for text in texts for name in text.split(",")]
            parameters |= {name: decorator.args[1] for name in names if name in parameters}
    return parameters


def _assigned_values(body: Iterable[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Map each name that a body assigns to its values.

    A name that is also assigned in a way not known here has a single value that is never pure. The arguments of a
    name's methods, and what is assigned to a part of it, are among its values, since they may become parts of it.
    """
    values: dict[str, list[ast.expr]] = {}
    stored: dict[str, int] = {}
    for node in (each for statement in body for each in ast.walk(statement)):
        for target, value in _assignments(node):
            values.setdefault(target, []).append(value)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored[node.id] = stored.get(node.id, 0) + 1
            values.setdefault(node.id, [])
    unknown: ast.expr = ast.Name("?", ast.Load())
    values_of = {name: own if len(own) == stored[name] else [unknown] for name, own in values.items()}
    for name, part in (each for statement in body for node in ast.walk(statement) for each in _part_changes(node)):
        if name in values_of:
            values_of[name] = [*values_of[name], part]
    return values_of


def _assignments(node: ast.AST) -> Iterable[tuple[str, ast.expr]]:
    """Return the names to which ``node`` assigns, with the assigned values."""
    if isinstance(node, ast.Assign):
        plain = [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
        unpacked = [target for target in node.targets if isinstance(target, ast.Tuple | ast.List)]
        parts = (each for target in unpacked for each in target.elts if isinstance(each, ast.Name))
        return [*plain, *((each.id, node.value) for each in parts)]
    if isinstance(node, ast.AugAssign | ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        return [(node.target.id, node.value)]
    if isinstance(node, ast.For | ast.comprehension):
        names = [each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)]
        return [(name, _LoopValue(node.iter)) for name in names]
    return []


def _part_changes(node: ast.AST) -> Iterable[tuple[str, ast.expr]]:
    """Return the names of which ``node`` may change a part, with the values that may become parts of them."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    ):
        return [
            (node.func.value.id, argument) for argument in (*node.args, *(each.value for each in node.keywords))
        ]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    parts = [target.value for target in targets if isinstance(target, ast.Subscript | ast.Attribute)]
    value = getattr(node, "value", None)
    return [(part.id, value) for part in parts if isinstance(part, ast.Name) and isinstance(value, ast.expr)]


def _standard_imports(tree: ast.Module) -> set[str]:
    """Return the names that a module imports from pure modules of the standard library."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            plain = [alias for alias in node.names if _is_pure_module(alias.name)]
            names |= {alias.asname or alias.name.partition(".")[0] for alias in plain}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            is_pure = _is_pure_module(node.module or "")
            names |= {alias.asname or alias.name for alias in node.names if is_pure}
    return names


def _is_pure_module(name: str) -> bool:
    """Return whether a module belongs to the standard library and its results depend on arguments only."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names and top not in _OF_THE_WORLD
