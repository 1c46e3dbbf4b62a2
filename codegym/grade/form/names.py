"""Finds the names that a part of a Python test reads, assigns and changes, by Python's rules of scope."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from codegym.grade.form.certain import Function
from codegym.grade.form.table import called_name

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_READERS = frozenset({*dir(str), *dir(tuple), *dir(frozenset), "get", "items", "keys", "values"})
"""Methods of built-in types that change nothing."""
UNKNOWN = ast.Name("?", ast.Load())
"""Stands for a value about which nothing is known."""


class LoopValue(ast.expr):
    """The value of a loop variable: one of the values of ``iter`` in each turn."""

    _fields = ("iter",)

    def __init__(self, iter: ast.expr) -> None:  # noqa: A002 - the name of the field in Python's own nodes
        super().__init__()
        self.iter = iter


class Decider(ast.expr):
    """What decides whether a name is assigned or changed, as the condition around the assignment does."""

    _fields = ("node",)

    def __init__(self, node: ast.AST) -> None:
        super().__init__()
        self.node = node


def read_names(node: ast.AST) -> set[str]:
    """Return the names that ``node`` reads, without those of its own functions and comprehensions."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    names = {name for child in ast.iter_child_nodes(node) for name in read_names(child)}
    if isinstance(node, Function | ast.Lambda):
        own = parameter_names(node.args) | (stored_names(node.body) if isinstance(node, Function) else set())
        outside = (node.args, *getattr(node, "decorator_list", ()))
        return (names - own).union(*(read_names(each) for each in outside))
    if isinstance(node, _Comprehension):
        own = {name for each in node.generators for name in _target_names(each.target)}
        return (names - own) | read_names(node.generators[0].iter)
    return names


def stored_names(body: Iterable[ast.AST]) -> set[str]:
    """Return the names that a body assigns in its own scope."""
    nodes = list(scope_nodes(body))
    shared = {name for node in nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    return {name for node in nodes for name in _target_names(node, deep=False)} - shared


def parameter_names(arguments: ast.arguments) -> set[str]:
    """Return the names of all parameters, ``*args`` and ``**kwargs`` included."""
    more = [each for each in (arguments.vararg, arguments.kwarg) if each]
    return {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *more)}


def scope_nodes(body: Iterable[ast.AST], *, comprehensions: bool = False) -> Iterator[ast.AST]:
    """Yield the nodes of a body without the insides of its functions, classes and, by default, comprehensions."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        is_separate = isinstance(node, _OWN_SCOPE) or (isinstance(node, _Comprehension) and not comprehensions)
        waiting += [] if is_separate else ast.iter_child_nodes(node)


def inner_scopes(body: Iterable[ast.AST]) -> list[ast.AST]:
    """Return the functions, classes and lambdas of a body."""
    return [node for node in scope_nodes(body, comprehensions=True) if isinstance(node, _OWN_SCOPE)]


def assigned_values(body: Iterable[ast.stmt]) -> dict[str, list[ast.AST]]:
    """Map each name that a body assigns to all that its value depends on.

    Beside assigned values, that is what becomes a part of it, and what decides whether it is assigned or changed.
    A name that is also assigned, or changed by an inner function, in a way not known here depends on ``UNKNOWN``.
    """
    statements = list(body)
    nodes = list(scope_nodes(statements, comprehensions=True))
    values: dict[str, list[ast.AST]] = {}
    stores = Counter(name for node in nodes for name in _target_names(node, deep=False))
    for target, value in (each for node in nodes for each in _assignments(node)):
        values.setdefault(target, []).append(value)
    for name, count in stores.items():
        if len(values.get(name, ())) != count:
            values[name] = [UNKNOWN]
    parts: list[tuple[str, ast.AST]] = [each for node in nodes for each in part_changes(node)]
    parts += [(name, UNKNOWN) for scope in inner_scopes(statements) for name in changed_outside(scope)]
    parts += [each for node in nodes for each in _decided_names(node)]
    for name, part in parts:
        if name in values:
            values[name] = [*values[name], part]
    return values


def changed_outside(scope: ast.AST) -> set[str]:
    """Return the names from outside a function, class or lambda of which it may change a part."""
    own = parameter_names(scope.args) if isinstance(scope, Function | ast.Lambda) else set()
    own |= stored_names(scope.body) if isinstance(scope, Function) else set()
    return {name for node in ast.walk(scope) for name, _ in part_changes(node)} - own


def part_changes(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of which ``node`` may change a part, with the values that may become parts of them."""
    is_change = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not is_reader(node)
    if isinstance(node, ast.Call) and is_change and (name := root_name(node.func)):
        arguments = [*node.args, *(each.value for each in node.keywords)]
        yield from ((name, argument) for argument in arguments or [ast.Constant(None)])
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [getattr(node, "target", None)]
    value = getattr(node, "value", None)
    for target in targets:
        if isinstance(target, ast.Subscript | ast.Attribute) and (name := root_name(target)):
            yield name, value if isinstance(value, ast.expr) else UNKNOWN


def is_reader(call: ast.Call) -> bool:
    """Return whether a call is one of a method that changes nothing."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in _READERS


def root_name(node: ast.AST) -> str:
    """Return the name at the beginning of ``a.b[c].d``; empty if there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _target_names(node: ast.AST, *, deep: bool = True) -> list[str]:
    """Return the names that ``node`` assigns: itself, or if ``deep`` in all of its parts."""
    nodes = ast.walk(node) if deep else [node]
    return [each.id for each in nodes if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)]


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names to which ``node`` assigns, with the assigned values."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            yield from ((each.id, node.value) for each in parts if isinstance(each, ast.Name))
    elif isinstance(node, ast.AugAssign | ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value or UNKNOWN
    elif isinstance(node, ast.For | ast.comprehension):
        yield from ((name, LoopValue(node.iter)) for name in _target_names(node.target))


def _decided_names(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that a statement with a body changes, with what decides whether it does."""
    deciders: list[ast.AST] = []
    if isinstance(node, ast.If | ast.While):
        deciders = [node.test]
    elif isinstance(node, ast.For):
        branches = [each.test for each in scope_nodes(node.body) if isinstance(each, ast.If)]
        leaves_early = any(isinstance(each, ast.Break | ast.Continue) for each in scope_nodes(node.body))
        deciders = [node.iter, *(branches if leaves_early else ())]
    elif isinstance(node, ast.Try) or (isinstance(node, ast.With) and not _is_subtest(node)):
        deciders = [node]
    elif isinstance(node, ast.AsyncFor | ast.AsyncWith | ast.Match | ast.TryStar):
        deciders = [UNKNOWN]
    for each in scope_nodes([node]) if deciders else ():
        names = {*_target_names(each, deep=False), *(name for name, _ in part_changes(each))}
        yield from ((name, Decider(decider)) for name in sorted(names) for decider in deciders)


def _is_subtest(node: ast.With) -> bool:
    """Return whether a ``with`` statement only names a part of a test: it always runs its body."""
    calls = [each.context_expr for each in node.items]
    return all(isinstance(each, ast.Call) and called_name(each) == "subTest" for each in calls)
