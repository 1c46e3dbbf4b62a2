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

    def functions(self) -> frozenset[str]:
        """Return the names of the test file's functions that use nothing but the standard library."""
        return frozenset(name for name in self._functions if self._is_pure(name, frozenset()))

    def behind(self, node: ast.expr) -> list[ast.AST]:
        """Return the nodes that a value is made of, those of local names included."""
        values = [value for name in _loaded(node) for value in self._locals.get(name, [])]
        return [each for value in (node, *values) for each in ast.walk(value)]

    def keys(self, node: ast.expr) -> set[str]:
        """Return the parameters and local names that a value depends on, unless they are always the same."""
        names = {name for name in _loaded(node) if name in self._locals or name in self._parameters}
        return {name for name in names if not self._is_constant(name, frozenset())}

    def _is_constant(self, name: str, above: frozenset[str]) -> bool:
        """Return whether a name has one value in every run of the function."""
        if name not in self._locals:
            return name not in self._parameters
        values = self._locals[name]
        once = len(values) == 1 and name not in above and not isinstance(values[0], _Varying)
        return once and all(self._is_constant(each, above | {name}) for each in _loaded(values[0]))

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
        return name in self._imports or hasattr(builtins, name)

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
        return [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
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
            plain = [alias for alias in node.names if alias.name.partition(".")[0] in sys.stdlib_module_names]
            names |= {alias.asname or alias.name.partition(".")[0] for alias in plain}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            standard = (node.module or "").partition(".")[0] in sys.stdlib_module_names
            names |= {alias.asname or alias.name for alias in node.names if standard}
    return names
