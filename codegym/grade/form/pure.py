"""Finds expressions of a Python test that depend only on the standard library and on the test itself.

Such expressions are *pure*: they have the same value under every right solution.
"""

from __future__ import annotations

import ast
import builtins
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from codegym.grade.form.certain import Function
from codegym.grade.form.names import (
    UNKNOWN,
    Decider,
    LoopValue,
    assigned_values,
    changed_outside,
    inner_scopes,
    is_reader,
    parameter_names,
    part_changes,
    read_names,
    root_name,
    scope_nodes,
    stored_names,
)
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
_TAKERS = frozenset({"next", "pop", "popitem", "popleft", "send"})
"""Functions that take a value away: the next call returns another one. They have to be run."""


_ENDLESS = frozenset({"count", "cycle", "iter", "repeat"})
"""Functions whose values may never end."""
_RANDOM = frozenset({"random", *random.__all__})
"""The module whose functions share one sequence of numbers, and these functions."""


class FileNames:
    """What the names of a test file mean at its top level."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.functions = {each.name: each for each in tree.body if isinstance(each, Function)}
        self.values = assigned_values(tree.body)
        self.imports, foreign = _imported_names(tree)
        self.foreign = foreign | set(_names_bound_otherwise(tree))
        """Names of other modules, and names that have another meaning in a part of the file."""
        self._reads: dict[ast.AST, set[str]] = {}
        self._takes: dict[ast.AST, bool] = {}
        for scope in (each for each in ast.walk(tree) if isinstance(each, Function | ast.Lambda)):
            for name in changed_outside(scope) & (self.values.keys() | self.functions.keys()):
                self.values[name] = [*self.values.get(name, ()), UNKNOWN]

    def reads(self, node: ast.AST) -> set[str]:
        """Return the names that ``node`` reads."""
        if node not in self._reads:
            self._reads[node] = read_names(node)
        return self._reads[node]

    def takes(self, node: ast.AST) -> bool:
        """Return whether ``node`` takes a value away from what a name has that is not its own."""
        if node not in self._takes:
            self._takes[node] = _takes_from_outside(node)
        return self._takes[node]

    def behind(self, name: str) -> list[ast.AST]:
        """Return all that the value of a name of the file depends on."""
        function = self.functions.get(name)
        return [*self.values.get(name, ()), *([function] if function else ())]

    def is_sound(self, name: str) -> bool:
        """Return whether a name is pure as far as its own meaning shows, without what is behind it."""
        is_own = name in self.functions or name in self.values or name in self.imports
        return name not in self.foreign and (is_own or (hasattr(builtins, name) and name not in _IMPURE_BUILTINS))

    def is_draw(self, node: ast.AST) -> bool:
        """Return whether ``node`` contains a call that takes a value from what other tests use as well."""
        return any(
            called_name(call) != "Random"
            and root_name(call.func) in self.values.keys() | _RANDOM
            and not is_reader(call)
            for call in ast.walk(node)
            if isinstance(call, ast.Call)
        )

    @cached_property
    def pure_functions(self) -> frozenset[str]:
        """The names of the file's functions that use only the standard library and each other."""
        pure = Purity(self)
        return frozenset(name for name in self.functions if pure.is_pure(ast.Name(name, ast.Load())))

    @cached_property
    def finite_functions(self) -> frozenset[str]:
        """The pure functions of the file that end, and whose values do if they are generators.

        They contain no ``while``, do not call themselves, and call each other and no source of endless values.
        """
        finite = set(self.pure_functions)
        finite -= {name for name in finite if _may_be_endless(self.functions[name])}
        while endless := {name for name in finite if self._own_calls(name) - finite}:
            finite -= endless
        return frozenset(finite)

    def _own_calls(self, name: str) -> set[str]:
        return self.reads(self.functions[name]) & self.functions.keys()

    @cached_property
    def doubted_names(self) -> frozenset[str]:
        """The names of the file in a check of pure values only.

        A check is about the code under test. So one of its names depends on that in a way that is not known.
        """
        return frozenset(name for each in self._scopes for name in each.doubted_names if not each.is_local(name))

    @cached_property
    def exposed_names(self) -> frozenset[str]:
        """The names of the file whose values a function of the file passes to other code."""
        return frozenset(name for each in self._scopes for name in each.passed_names if not each.is_local(name))

    @cached_property
    def _scopes(self) -> list[Purity]:
        return [Purity(self, each) for each in ast.walk(self.tree) if isinstance(each, Function)]


class Purity:
    """Knows which expressions of a function are pure; without a function, which are at the top of the file."""

    def __init__(self, file: FileNames, function: Function | None = None) -> None:
        self._file, self._is_function = file, function is not None
        self._body = function.body if function else file.tree.body
        inner = [each for each in inner_scopes(self._body) if function and isinstance(each, Function)]
        self._locals: dict[str, list[ast.AST]] = {each.name: [each] for each in inner}
        self._locals |= assigned_values(function.body) if function else {}
        self._parameters = _parameters(function) if function else {}

    def is_pure(self, node: ast.expr) -> bool:
        """Return whether ``node`` is pure."""
        impure = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
        return not any(isinstance(each, impure) for each in ast.walk(node)) and self._is_pure(node)

    def is_steady(self, node: ast.expr) -> bool:
        """Return whether ``node`` is pure, and draws nothing of which other tests draw as well."""
        values = (value for name in self._reached(self._file.reads(node)) for value in self._behind(name))
        return self.is_pure(node) and not any(map(self._file.is_draw, (node, *values)))

    def is_computed(self, node: ast.expr) -> bool:
        """Return whether ``node`` is pure and contains a call."""
        return any(isinstance(each, ast.Call) for each in ast.walk(node)) and self.is_pure(node)

    def ends(self, node: ast.expr, finite: frozenset[str]) -> bool:
        """Return whether all calls in ``node`` are of functions that end: of the file, or named in ``finite``."""
        names = {called_name(each) for each in ast.walk(node) if isinstance(each, ast.Call)}
        return names <= finite | self._file.finite_functions

    def is_doubted(self, *nodes: ast.expr) -> bool:
        """Return whether a name in ``nodes`` is in a check of pure values only, or depends on such a name."""
        names = {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)}
        doubted = self.doubted_names | {each for each in self._file.doubted_names if not self.is_local(each)}
        return not self._reached(names).isdisjoint(doubted)

    def nodes_behind(self, node: ast.expr) -> list[ast.AST]:
        """Return the nodes of ``node``, and the nodes of the values that its local names are assigned."""
        behind = (value for name in self._file.reads(node) for value in self._locals.get(name, []))
        values = [value for value in behind if not isinstance(value, Decider)]
        return [each for value in (node, *values) for each in ast.walk(value)]

    def variables(self, node: ast.expr) -> set[str]:
        """Return the parameters and loop variables that ``node`` depends on, directly or through local names.

        Everything else that it depends on has one value, or the same sequence of values, in every run.
        """
        return {name for name in self.names_behind(node) if self._is_variable(name)}

    def names_behind(self, node: ast.expr) -> set[str]:
        """Return the names on which ``node`` depends, but not those behind a parameter or loop variable."""
        names = self._reached(self._file.reads(node), stop=self._is_variable)
        return {name for name in names if self.is_local(name) or name in self._file.values}

    def is_local(self, name: str) -> bool:
        """Return whether a name is a parameter of the function or assigned in it."""
        return name in self._locals or name in self._parameters

    @cached_property
    def doubted_names(self) -> frozenset[str]:
        """The names, of the function or the file, in a check of pure values only."""
        nodes = [node for statement in self._body for node in ast.walk(statement)] if self._is_function else []
        pure_checks = [each for each in map(_checked_part, nodes) if each and self._is_pure(each)]
        reached = self._reached(name for each in pure_checks for name in self._file.reads(each))
        return frozenset(name for name in reached if self.is_local(name) or self._file.behind(name))

    @cached_property
    def passed_names(self) -> frozenset[str]:
        """The names that are passed to a call with an impure part, or that an inner function might pass."""
        inner = (each for each in inner_scopes(self._body) if not isinstance(each, ast.Lambda))
        nodes = [each for each in inner if self._is_function and not _is_plain_function(each)]
        calls = [node for node in scope_nodes(self._body, comprehensions=True) if isinstance(node, ast.Call)]
        nodes += [each for each in calls if not called_name(each).startswith("assert") and not self._is_pure(each)]
        return frozenset(name for node in nodes for name in self._file.reads(node))

    @cached_property
    def exposed(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names whose values other code could change in place, and those of which it could change an item."""
        names = {*self.passed_names, *(self._file.exposed_names if self._is_function else ())}
        items = set[str]()
        waiting = [*names]
        while waiting:
            values = self._behind(waiting.pop())
            loops = [each for each in values if isinstance(each, LoopValue)]
            items |= {name for each in loops for name in self._file.reads(each)}
            plain = (each for each in values if not isinstance(each, LoopValue | Decider))
            reached = {name for each in plain for name in self._file.reads(each)} - names
            names |= reached
            waiting += reached
        return frozenset(names), frozenset(items - names)

    def _is_variable(self, name: str) -> bool:
        """Return whether a name is a parameter or the variable of a loop."""
        values = self._locals.get(name, [])
        return name in self._parameters or any(isinstance(value, LoopValue) for value in values)

    def _behind(self, name: str) -> list[ast.AST]:
        """Return all that the value of a name depends on."""
        if name in self._parameters:
            return [self._parameters[name] or UNKNOWN, *self._locals.get(name, ())]
        return self._locals[name] if name in self._locals else self._file.behind(name)

    def _reached(self, names: Iterable[str], stop: Callable[[str], bool] | None = None) -> set[str]:
        """Return ``names`` and all names that they depend on, directly or through others.

        Names for which ``stop`` is true are not followed.
        """
        reached, waiting = set[str](), [*names]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                values = [] if stop and stop(name) else self._behind(name)
                waiting += [each for value in values for each in self._file.reads(value)]
        return reached

    def _is_pure(self, node: ast.AST) -> bool:
        """Return whether all names that ``node`` depends on are pure."""
        names = self._reached(self._file.reads(node))
        values = (value for name in names for value in self._behind(name))
        return (
            all(name not in self._file.foreign for name in names)
            and all(self.is_local(name) or self._file.is_sound(name) for name in names)
            and not any(map(self._file.takes, (node, *values)))
        )


def _is_plain_function(node: ast.AST) -> bool:
    """Return whether ``node`` is a function without decorators: it does nothing until it is called or passed."""
    return isinstance(node, Function) and not node.decorator_list


def _checked_part(node: ast.AST) -> ast.AST | None:
    """Return what a check is about; ``None`` for any other node."""
    if isinstance(node, ast.Assert):
        return node.test
    if isinstance(node, ast.Call) and called_name(node).startswith("assert"):
        return ast.Tuple([*node.args, *(each.value for each in node.keywords)], ast.Load())
    if isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise):
        return node.test
    return None


def _may_be_endless(function: Function) -> bool:
    """Return whether a function has a ``while``, calls itself, or uses a source of endless values."""
    nodes = list(ast.walk(function))
    names = {each.id for each in nodes if isinstance(each, ast.Name)}
    names |= {each.attr for each in nodes if isinstance(each, ast.Attribute)}
    return any(isinstance(each, ast.While) for each in nodes) or not names.isdisjoint(_ENDLESS | {function.name})


def _takes_from_outside(node: ast.AST) -> bool:
    """Return whether ``node`` takes a value away from what a name has that is not its own."""
    own = parameter_names(node.args) | stored_names(node.body) if isinstance(node, Function) else set()
    if isinstance(node, Function) and any(map(_is_kept_between_calls, ast.iter_child_nodes(node.args))):
        return True
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call) and called_name(each) in _TAKERS)
    sources = [
        each.func.value if isinstance(each.func, ast.Attribute) else (*each.args, each)[0] for each in calls
    ]
    return any(name not in own for name in map(root_name, sources) if name)


def _is_kept_between_calls(default: ast.AST) -> bool:
    """Return whether a default value is made once, and could be changed by each call of its function."""
    return isinstance(default, ast.List | ast.Dict | ast.Set | ast.Call)


def _parameters(function: Function) -> dict[str, ast.expr | None]:
    """Map the parameters of a test to the list of cases in its ``parametrize``; ``None`` for a fixture."""
    parameters: dict[str, ast.expr | None] = dict.fromkeys(parameter_names(function.args))
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and called_name(decorator) == "parametrize" and len(decorator.args) > 1:
            first = decorator.args[0]
            listed = first.elts if isinstance(first, ast.List | ast.Tuple) else [first]
            texts = [
                each.value for each in listed if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            names = [name.strip() for text in texts for name in text.split(",")]
            cases = None if any(each.arg == "indirect" for each in decorator.keywords) else decorator.args[1]
            parameters |= {name: cases for name in names if name in parameters}
    return parameters


def _names_bound_otherwise(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a file binds otherwise than by one function at its top, an assignment or an import."""
    top = Counter(each.name for each in tree.body if isinstance(each, Function))
    yield from (name for name, count in top.items() if count > 1)
    for node in ast.walk(tree):
        is_inner = isinstance(node, Function) and node not in tree.body
        if is_inner or isinstance(node, ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            yield str(getattr(node, "name", None))
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def _imported_names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names that a file imports from pure modules of the standard library, and other imported names.

    A ``*`` may give any name another meaning. A module that is passed to a call, or of which a part is assigned,
    is no longer what it was.
    """
    pure, foreign = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                (pure if _is_pure_module(alias.name) else foreign).add(
                    alias.asname or alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            is_pure = not node.level and _is_pure_module(node.module or "")
            names = {alias.asname or alias.name for alias in node.names}
            pure |= names if is_pure else set()
            foreign |= set() if is_pure else set(dir(builtins)) if "*" in names else names
    passed = {
        each.id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for each in call.args
        if isinstance(each, ast.Name)
    }
    changed = {name for node in ast.walk(tree) if not isinstance(node, ast.Call) for name, _ in part_changes(node)}
    modules = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    }
    return pure, foreign | (modules & (passed | changed))


def _is_pure_module(name: str) -> bool:
    """Return whether a module belongs to the standard library and its results depend on arguments only."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names and top not in _OF_THE_WORLD
