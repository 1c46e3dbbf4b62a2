"""Finds the checks in one function of a Python test file, and makes edits of each after which it should fail.

Checks are assertions, calls such as ``assertEqual`` and ``raises``, and ``if …: raise AssertionError``. Whether an
edit does make a test fail is found out by a run with the gold patch (:mod:`codegym.grade.form.trials`). So nothing
here has to be certain.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.certain import Function, FunctionNames, certain_nodes
from codegym.grade.form.edit import Edit, Edits, Text
from codegym.grade.form.expected import equal_comparison
from codegym.grade.form.python_values import value_variants
from codegym.grade.form.table import Cases, called_name

_EXCEPTIONS = (
    "KeyError",
    "IndexError",
    "ValueError",
    "TypeError",
    "AttributeError",
    "RuntimeError",
    "ArithmeticError",
)
"""Exceptions from which a class may be derived beside the awaited one."""
_FOREIGN = (
    "BufferError",
    "ChildProcessError",
    "FloatingPointError",
    "MemoryError",
    "StopAsyncIteration",
    "TabError",
)
"""Exceptions from which hardly any class is derived beside another."""
_WARNINGS = (
    "UserWarning",
    "DeprecationWarning",
    "RuntimeWarning",
    "FutureWarning",
    "BytesWarning",
    "SyntaxWarning",
)
_AWAITING: dict[str, tuple[str, ...]] = {
    "raises": _EXCEPTIONS,
    "assertRaises": _EXCEPTIONS,
    "assertRaisesRegex": _EXCEPTIONS,
}
_AWAITING |= {"warns": _WARNINGS, "assertWarns": _WARNINGS, "assertWarnsRegex": _WARNINGS}
"""Maps functions that await an exception or a warning to the classes that they may await instead."""
_CONTRARY = {
    "assertTrue": "assertFalse",
    "assertIsNone": "assertIsNotNone",
    "assertIn": "assertNotIn",
    "assertIs": "assertIsNot",
    "assertIsInstance": "assertNotIsInstance",
    "assertRegex": "assertNotRegex",
    "assertEqual": "assertNotEqual",
    "assertGreater": "assertLessEqual",
    "assertLess": "assertGreaterEqual",
    "assert_called": "assert_not_called",
}
_CONTRARY |= {contrary: name for name, contrary in _CONTRARY.items()}
_TRUTH = {"assertTrue": True, "assertFalse": False}
_OPERATORS = {"!=": "==", "is not": "is", "not in": "in", "<": ">=", ">": "<="}
_OPERATORS |= {contrary: name for name, contrary in _OPERATORS.items()}
_OPERATOR = re.compile(rb"is\s+not\b|not\s+in\b|is\b|in\b|[!<>]=?=?|==")
_WITHIN_TOLERANCE = re.compile(r"almost|close|approx", re.IGNORECASE)
_EXACT = 10_000
"""If a larger whole number gets another last digit, usual tolerances still accept it."""
_EQUALITY_CHECK = re.compile(r"assert(?!.*(not|less|greater)).*(equals?|close)", re.IGNORECASE)
_MOCK_CALLED = re.compile(r"assert_(any_call|has_calls|called_(once_)?with|awaited_(once_)?with)")
_FAILURES = frozenset({"fail", "AssertionError"})
_NEEDS_BRACKETS = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.Starred)
_MOST_EXCEPTIONS = 3
"""An awaited exception has three others: one for each sheet of four in which it may be wrong."""


@dataclass(frozen=True)
class Check:
    """A check in the function ``owner`` (``test_a``, ``TestB::test_c``), and its ``variants``.

    Each variant is a set of edits that should make the check fail. ``lines`` are its first and last line. ``case``
    is the number of a parametrized case, if the check's expected value is in the decorator.
    """

    owner: str
    kind: Kind
    lines: tuple[int, int]
    variants: tuple[Edits, ...]
    case: int | None = None


def function_checks(
    function: Function,
    *,
    text: Text,
    owner: str,
    cases: Cases | None,
    names: FunctionNames,
    chance: Random,
) -> list[Check]:
    """Return the checks in ``function``, whose name is ``owner``, in the order of the text.

    ``cases`` are its parametrized cases. ``names`` are the functions that the file calls.
    """
    reader = _Reader(text, owner, function, cases, chance)
    return list(reader.checks(certain_nodes(function, names)))


class _Reader:
    """Finds the checks in one function."""

    def __init__(self, text: Text, owner: str, function: Function, cases: Cases | None, chance: Random) -> None:
        self.text, self.owner, self.function, self.cases, self.chance = text, owner, function, cases, chance

    def checks(self, nodes: Iterable[ast.AST]) -> Iterator[Check]:
        """Yield the checks among ``nodes``."""
        for node in nodes:
            if isinstance(node, ast.Assert):
                yield from self._assertion(node, node.test)
            elif isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.If) and _is_failure(node.body[0]):
                yield from self._denial(node)

    def _assertion(self, node: ast.Assert, test: ast.expr) -> Iterator[Check]:
        """Yield the checks of an ``assert`` statement."""
        equal = equal_comparison(test, truth=True)
        if equal is not None:
            yield from self._equality(node, equal.left, equal.comparators[0])
            return
        while isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            test = test.values[0]
        yield from self._check(node, *self._negation(test))

    def _call(self, call: ast.Call) -> Iterator[Check]:
        """Yield the checks of a call such as ``assertEqual`` or ``raises``."""
        name, arguments = called_name(call), call.args
        end = self.text.span(call.func)[1]
        if _EQUALITY_CHECK.fullmatch(name) and len(arguments) > 1 and not isinstance(arguments[0], ast.Starred):
            yield from self._equality(call, arguments[0], arguments[1], is_near=_is_near(call))
        elif _MOCK_CALLED.fullmatch(name):
            start = self.text.text.index(b"(", end) + 1
            yield from self._check(call, Kind.OPERATOR, (Edit(start, start, "0, "),))
        elif name in _AWAITING and arguments:
            yield from self._check(call, Kind.EXCEPTION, *self._other_class(arguments[0], _AWAITING[name]))
            if _AWAITING[name] is _EXCEPTIONS:
                yield from self._check(call, Kind.FOREIGN, *self._other_class(arguments[0], _FOREIGN))
        elif (
            name in _TRUTH
            and arguments
            and (equal := equal_comparison(arguments[0], truth=_TRUTH[name])) is not None
        ):
            yield from self._equality(call, equal.left, equal.comparators[0])
        elif name in _CONTRARY:
            yield from self._check(call, Kind.OPERATOR, (Edit(end - len(name), end, _CONTRARY[name]),))

    def _denial(self, node: ast.If) -> Iterator[Check]:
        """Yield the checks of ``if …: raise AssertionError``."""
        equal = equal_comparison(node.test, truth=False)
        if equal is not None:
            yield from self._equality(node, equal.left, equal.comparators[0])
        else:
            yield from self._check(node, *self._negation(node.test))

    def _check(
        self, node: ast.stmt | ast.expr, kind: Kind, *variants: Edits, case: int | None = None
    ) -> Iterator[Check]:
        """Yield a check at ``node`` with ``variants``; nothing without any."""
        if variants:
            yield Check(self.owner, kind, (node.lineno, node.end_lineno or node.lineno), tuple(variants), case)

    def _equality(
        self, node: ast.stmt | ast.expr, left: ast.expr, right: ast.expr, *, is_near: bool = False
    ) -> Iterator[Check]:
        """Yield checks whose variants make two equal sides differ: in a literal, or in the shape of one side.

        If ``is_near``, a tolerance accepts near numbers, and no number is changed: another right solution may be
        near the new number.
        """
        is_near = is_near or any(_is_near(each) for side in (left, right) for each in ast.walk(side))
        near = [
            self.text.source_of(leaf).decode() for leaf in _nodes_below(node) if isinstance(leaf, ast.Constant)
        ]
        for side in () if is_near else (right, left):
            if variants := value_variants(self.text, self._value_of(side), near, self.chance):
                yield from self._check(node, Kind.VALUE, *variants)
                return
        case_values = [] if is_near else [each for side in (right, left) for each in self._case_values(side)]
        for number, value in case_values:
            if variants := value_variants(self.text, value, self._column(value), self.chance):
                yield from self._check(node, Kind.VALUE, *variants, case=number)
        called_right = any(isinstance(each, ast.Call) for each in ast.walk(right))
        side = left if called_right and isinstance(left, ast.Name | ast.Attribute) else right
        start, end = self.text.span(side)
        yield from self._check(node, Kind.OPERATOR, (Edit(start, start, "["), Edit(end, end, ", None]")))

    def _value_of(self, side: ast.expr) -> ast.expr:
        """Return the value of a name that is only checked; ``side`` itself for any other expression."""
        if not isinstance(side, ast.Name) or side.id not in self._checked_names:
            return side
        return self._checked_names[side.id]

    @cached_property
    def _checked_names(self) -> dict[str, ast.expr]:
        """The values of the local names that are assigned once and then only read as sides of checks."""
        body = self.function.body
        assigned = [
            node for node in body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        ]
        values = {node.targets[0].id: node.value for node in assigned if isinstance(node.targets[0], ast.Name)}
        stored = [each.id for each in _names_in(self.function) if not isinstance(each.ctx, ast.Load)]
        return {name: values[name] for name in values if stored.count(name) == 1 and self._is_only_checked(name)}

    def _is_only_checked(self, name: str) -> bool:
        """Return whether every read of ``name`` is a side of a check for equality."""
        loads = [each for each in _names_in(self.function) if each.id == name and isinstance(each.ctx, ast.Load)]
        sides = [side for node in _nodes_below(*self.function.body) for side in compared_sides(node)]
        return bool(loads) and all(any(each is side for side in sides) for each in loads)

    def _case_values(self, side: ast.expr) -> list[tuple[int, ast.expr]]:
        """Return the values of a parameter that is only checked, with the numbers of their cases."""
        cases = self.cases
        if cases is None or not isinstance(side, ast.Name) or side.id not in cases.names:
            return []
        column = cases.names.index(side.id)
        stored = any(each.id == side.id for each in _names_in(self.function) if not isinstance(each.ctx, ast.Load))
        return (
            []
            if stored or not self._is_only_checked(side.id)
            else [(n, row[column]) for n, row in enumerate(cases.rows)]
        )

    def _column(self, value: ast.expr) -> list[str]:
        """Return the literals in the values of all cases for the parameter of ``value``, as written."""
        cases = self.cases
        rows = [row for row in cases.rows if value in row] if cases else []
        column = rows[0].index(value) if rows else 0
        values = [row[column] for row in cases.rows] if cases and rows else [value]
        return [
            self.text.source_of(leaf).decode()
            for each in values
            for leaf in ast.walk(each)
            if isinstance(leaf, ast.Constant)
        ]

    def _negation(self, test: ast.expr) -> tuple[Kind, Edits]:
        """Return edits that make the contrary of a condition, and their kind."""
        start, end = self.text.span(test)
        written = self.text.text[start:end]
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return Kind.OPERATOR, (Edit(start, start + 3, ""),)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            side = test.comparators[0]
            if isinstance(test.ops[0], ast.Is) and isinstance(side, ast.Constant) and isinstance(side.value, bool):
                return Kind.VALUE, (Edit(*self.text.span(side), str(not side.value)),)
            match = _OPERATOR.search(self.text.text, self.text.span(test.left)[1], self.text.span(side)[0])
            if match:
                operator = _OPERATORS[b" ".join(match[0].split()).decode()]
                return Kind.OPERATOR, (Edit(*match.span(), operator),)
        if isinstance(test, _NEEDS_BRACKETS) or b"\n" in written:
            return Kind.OPERATOR, (Edit(start, start, "not ("), Edit(end, end, ")"))
        return Kind.OPERATOR, (Edit(start, start, "not "),)

    def _other_class(self, node: ast.expr, classes: Sequence[str]) -> list[Edits]:
        """Return edits that make a check await an unrelated exception: neither a superclass nor a subclass."""
        builtin_values = (
            getattr(builtins, each.id, None) for each in ast.walk(node) if isinstance(each, ast.Name)
        )
        awaited = tuple(each for each in builtin_values if isinstance(each, type))
        kinds = {name: getattr(builtins, name) for name in classes}
        others = [n for n, kind in kinds.items() if not any(_related(kind, one) for one in awaited)]
        drawn = self.chance.sample(others, min(_MOST_EXCEPTIONS, len(others)))
        return [(Edit(*self.text.span(node), other),) for other in drawn] if len(drawn) > 1 else []


def _is_near(node: ast.AST) -> bool:
    """Return whether a call accepts numbers within a tolerance that a changed number may not exceed."""
    if not isinstance(node, ast.Call) or not _WITHIN_TOLERANCE.search(called_name(node)):
        return False
    leaves = (leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant))
    large = any(isinstance(value, int) and value > _EXACT for value in leaves)
    own = node.args if called_name(node) != "approx" else [*node.args, *node.args]
    return large or bool(node.keywords) or len(own) > 2


def _related(one: type, other: type) -> bool:
    """Return whether one of two classes is a subclass of the other."""
    return issubclass(one, other) or issubclass(other, one)


def _is_failure(node: ast.stmt) -> bool:
    """Return whether a statement raises an ``AssertionError``, or calls ``fail``."""
    if isinstance(node, ast.Raise):
        name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(name, ast.Name) and name.id in _FAILURES
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and called_name(node.value) in _FAILURES


def compared_sides(node: ast.AST) -> tuple[ast.expr, ...]:
    """Return the two sides of a check that compares them; empty for any other node."""
    if isinstance(node, ast.Call):
        return tuple(node.args[:2]) if _EQUALITY_CHECK.fullmatch(called_name(node)) else ()
    test = getattr(node, "test", None) if isinstance(node, ast.Assert | ast.If) else None
    return (test.left, *test.comparators) if isinstance(test, ast.Compare) and len(test.ops) == 1 else ()


def is_plain_equality(node: ast.AST) -> bool:
    """Return whether ``node`` is a check for exact equality of two sides, and of nothing else."""
    if isinstance(node, ast.Call):
        return (
            len(compared_sides(node)) == 2
            and not _WITHIN_TOLERANCE.search(called_name(node))
            and not isinstance(node.args[0], ast.Starred)
        )
    test = node.test if isinstance(node, ast.Assert) else None
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)


def _names_in(function: Function) -> list[ast.Name]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Name)]


def _nodes_below(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Yield ``nodes`` and their descendants in order, without f-strings, whose parts have no known position."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.JoinedStr):
            yield node
            waiting += reversed(list(ast.iter_child_nodes(node)))
