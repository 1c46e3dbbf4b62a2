"""The checks of a Python test file, and edits of each after which it should fail.

Checks are looked for wherever they stand: in tests, helpers, fixtures, other methods, and as
``if …: raise AssertionError``. Whether an edit does make a test fail is found out by running it with the gold
patch (:mod:`codegym.grade.form.proving`); nothing here has to be certain.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.certain import Function, certain
from codegym.grade.form.edit import Edit, Edits, Text
from codegym.grade.form.expected import equality, is_expected
from codegym.grade.form.pure import Purity
from codegym.grade.form.python_values import changed_values
from codegym.grade.form.table import Cases, Table, called, cases_of, last_value

_RAISED = (
    "KeyError",
    "IndexError",
    "ValueError",
    "TypeError",
    "AttributeError",
    "RuntimeError",
    "ArithmeticError",
)
_FOREIGN = (
    "BufferError",
    "ChildProcessError",
    "FloatingPointError",
    "MemoryError",
    "StopAsyncIteration",
    "TabError",
)
"""Exceptions that a class of somebody's may be derived from beside another, and those that it hardly is."""
_WARNED = ("UserWarning", "DeprecationWarning", "RuntimeWarning", "FutureWarning", "BytesWarning", "SyntaxWarning")
_RAISING: dict[str, tuple[str, ...]] = {"raises": _RAISED, "assertRaises": _RAISED, "assertRaisesRegex": _RAISED}
_RAISING |= {"warns": _WARNED, "assertWarns": _WARNED, "assertWarnsRegex": _WARNED}
"""What waits for an exception or a warning, and which it may wait for instead."""
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
_CLOSE = re.compile(r"almost|close|approx", re.IGNORECASE)
_EXACT = 10_000
"""Whole numbers above this differ by less than usual tolerances when their last digit is another."""
_EQUAL = re.compile(r"assert(?!.*(not|less|greater)).*(equals?|close)", re.IGNORECASE)
_CALLED = re.compile(r"assert_(any_call|has_calls|called_(once_)?with|awaited_(once_)?with)")
_FAILS = frozenset({"fail", "AssertionError"})
_LOOSE = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.Starred)
_EXCEPTIONS = 3
"""So many unrelated exceptions are tried in the place of one: all of them must pass before anybody is accused."""


@dataclass(frozen=True)
class Check:
    """A check in the function at ``owner`` (``test_a``, ``TestB::test_c``), and edits that should make it fail.

    ``lines`` are its first and last line. ``case`` is the number of the parametrized case that it is about, where
    what the case expects stands in the decorator.
    """

    owner: str
    kind: Kind
    lines: tuple[int, int]
    ways: tuple[Edits, ...]
    case: int | None = None


class Module:
    """A parsed test file; without functions if it is not Python or not UTF-8."""

    def __init__(self, content: bytes) -> None:
        self.text = Text(content)
        self.functions: dict[str, Function] = {}
        self.tree = ast.Module([], [])
        try:
            content.decode()
            self.tree = ast.parse(content)
            self.functions = dict(_functions(self.tree.body, ""))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return

    @cached_property
    def makers(self) -> frozenset[str]:
        """The names of functions that use nothing but the standard library."""
        return Purity(self.tree).functions()

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The tables of values that the module assigns to a name once, by that name."""
        targets = [node.targets[0] for node in self.tree.body if isinstance(node, ast.Assign)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        made: dict[str, Table] = {}
        for node in self.tree.body:
            value, target = getattr(node, "value", None), (getattr(node, "targets", None) or [None])[0]
            if isinstance(value, Table) and isinstance(target, ast.Name):
                made[target.id] = value
        return {name: table for name, table in made.items() if names.count(name) == 1}

    def rows(self, chance: Random) -> list[Check]:
        """Return what the rows of tables expect: the last value of a row, or the value of a key.

        Only of tables whose values are compared for being equal, wherever they are used.
        """
        functions = self.functions.values()
        names = [name for name in self.tables if is_expected(name, self.tree, functions)]
        made = [check for name in names for check in self._rows(self.tables[name], chance)]
        return made if len(made) > 1 else []

    def _rows(self, table: Table, chance: Random) -> Iterator[Check]:
        values = table.values if isinstance(table, ast.Dict) else table.elts
        lasts = [last_value(value, alone=isinstance(table, ast.Dict)) for value in values]
        leaves = (leaf for last in lasts if last for leaf in ast.walk(last) if isinstance(leaf, ast.Constant))
        beside = [self.text.of(leaf).decode() for leaf in leaves]
        for last in lasts:
            ways = changed_values(self.text, last, beside, chance) if last else []
            if last and ways:
                yield Check("", Kind.VALUE, (last.lineno, last.end_lineno or last.lineno), tuple(ways))

    def owner(self, test: str) -> str:
        """Return where the function of the test id ``test`` stands, inherited ones included; empty if nowhere."""
        name = test.partition("::")[2].partition("[")[0]
        same = [place for place in self.functions if place.rpartition("::")[2] == name.rpartition("::")[2]]
        return name if name in self.functions else same[0] if "::" in name and len(same) == 1 else ""

    def checks(self, owner: str, chance: Random) -> list[Check]:
        """Return the checks in the function at ``owner``."""
        return list(_Reader(self, owner, chance).checks())

    def comparisons(self, owner: str) -> list[Sides]:
        """Return the checks in a function that compare two sides for being equal, and are always reached."""
        pairs = ((node, _sides(node)) for node in certain(self.functions[owner], self.makers) if _is_equal(node))
        return [Sides(node, *sides[:2]) for node, sides in pairs if isinstance(node, ast.expr | ast.stmt)]

    def cases(self, owner: str) -> Cases | None:
        """Return the parametrized cases of a function; ``None`` if they are not written out in one decorator."""
        return cases_of(self.functions[owner], self.tables) if owner in self.functions else None


@dataclass(frozen=True)
class Sides:
    """A check that compares ``left`` and ``right`` for being equal."""

    node: ast.expr | ast.stmt
    left: ast.expr
    right: ast.expr


class _Reader:
    """Looks for checks in one function."""

    def __init__(self, module: Module, owner: str, chance: Random) -> None:
        self.text, self.owner, self.chance = module.text, owner, chance
        self.function, self.cases, self.makers = module.functions[owner], module.cases(owner), module.makers

    def checks(self) -> Iterator[Check]:
        """Yield what can be changed, in the order of the text."""
        for node in certain(self.function, self.makers):
            if isinstance(node, ast.Assert):
                yield from self._assertion(node, node.test)
            elif isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.If) and _raises(node.body[0]):
                yield from self._denial(node)

    def _assertion(self, node: ast.Assert, test: ast.expr) -> Iterator[Check]:
        equal = equality(test, truth=True)
        if equal is not None:
            yield from self._equal(node, equal.left, equal.comparators[0])
            return
        while isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            test = test.values[0]
        yield from self._check(node, *self._untrue(test))

    def _call(self, call: ast.Call) -> Iterator[Check]:
        name, given = called(call), call.args
        end = self.text.span(call.func)[1]
        if _EQUAL.fullmatch(name) and len(given) > 1 and not isinstance(given[0], ast.Starred):
            yield from self._equal(call, given[0], given[1], near=_is_near(call))
        elif _CALLED.fullmatch(name):
            start = self.text.text.index(b"(", end) + 1
            yield from self._check(call, Kind.OPERATOR, (Edit(start, start, "0, "),))
        elif name in _RAISING and given:
            yield from self._check(call, Kind.EXCEPTION, *self._other_class(given[0], _RAISING[name]))
            if _RAISING[name] is _RAISED:
                yield from self._check(call, Kind.FOREIGN, *self._other_class(given[0], _FOREIGN))
        elif name in _TRUTH and given and (equal := equality(given[0], truth=_TRUTH[name])) is not None:
            yield from self._equal(call, equal.left, equal.comparators[0])
        elif name in _CONTRARY:
            yield from self._check(call, Kind.OPERATOR, (Edit(end - len(name), end, _CONTRARY[name]),))

    def _denial(self, node: ast.If) -> Iterator[Check]:
        equal = equality(node.test, truth=False)
        if equal is not None:
            yield from self._equal(node, equal.left, equal.comparators[0])
        else:
            yield from self._check(node, *self._untrue(node.test))

    def _check(
        self, node: ast.stmt | ast.expr, kind: Kind, *ways: Edits, case: int | None = None
    ) -> Iterator[Check]:
        if ways:
            yield Check(self.owner, kind, (node.lineno, node.end_lineno or node.lineno), tuple(ways), case)

    def _equal(
        self, node: ast.stmt | ast.expr, left: ast.expr, right: ast.expr, *, near: bool = False
    ) -> Iterator[Check]:
        """Yield changes after which two sides differ that were equal: of a literal, or of the shape of one side.

        Where nearness is enough no other number is expected: another right solution may be near that one.
        """
        near = near or any(_is_near(each) for side in (left, right) for each in ast.walk(side))
        beside = [self.text.of(leaf).decode() for leaf in _below(node) if isinstance(leaf, ast.Constant)]
        for side in () if near else (right, left):
            if ways := changed_values(self.text, self._meant(side), beside, self.chance):
                yield from self._check(node, Kind.VALUE, *ways)
                return
        rows = [] if near else [row for side in (right, left) for row in self._rows(side)]
        for number, value in rows:
            if ways := changed_values(self.text, value, self._column(value), self.chance):
                yield from self._check(node, Kind.VALUE, *ways, case=number)
        called_right = any(isinstance(each, ast.Call) for each in ast.walk(right))
        side = left if called_right and isinstance(left, ast.Name | ast.Attribute) else right
        start, end = self.text.span(side)
        yield from self._check(node, Kind.OPERATOR, (Edit(start, start, "["), Edit(end, end, ", None]")))

    def _meant(self, side: ast.expr) -> ast.expr:
        """Return the value that a name stands for, if nothing but checks looks at the name; or ``side`` itself."""
        if not isinstance(side, ast.Name) or side.id not in self._names:
            return side
        return self._names[side.id]

    @cached_property
    def _names(self) -> dict[str, ast.expr]:
        body = self.function.body
        assigned = [
            node for node in body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        ]
        values = {node.targets[0].id: node.value for node in assigned if isinstance(node.targets[0], ast.Name)}
        stored = [each.id for each in _names_in(self.function) if not isinstance(each.ctx, ast.Load)]
        return {name: values[name] for name in values if stored.count(name) == 1 and self._only_checked(name)}

    def _only_checked(self, name: str) -> bool:
        loads = [each for each in _names_in(self.function) if each.id == name and isinstance(each.ctx, ast.Load)]
        sides = [side for node in _below(*self.function.body) for side in _sides(node)]
        return bool(loads) and all(any(each is side for side in sides) for each in loads)

    def _rows(self, side: ast.expr) -> list[tuple[int, ast.expr]]:
        """Return what a parameter expects in each parametrized case, with the number of the case."""
        cases = self.cases
        if cases is None or not isinstance(side, ast.Name) or side.id not in cases.names:
            return []
        column = cases.names.index(side.id)
        stored = any(each.id == side.id for each in _names_in(self.function) if not isinstance(each.ctx, ast.Load))
        return (
            []
            if stored or not self._only_checked(side.id)
            else [(n, row[column]) for n, row in enumerate(cases.rows)]
        )

    def _column(self, value: ast.expr) -> list[str]:
        cases = self.cases
        rows = [row for row in cases.rows if value in row] if cases else []
        column = rows[0].index(value) if rows else 0
        values = [row[column] for row in cases.rows] if cases and rows else [value]
        return [
            self.text.of(leaf).decode()
            for each in values
            for leaf in ast.walk(each)
            if isinstance(leaf, ast.Constant)
        ]

    def _untrue(self, test: ast.expr) -> tuple[Kind, Edits]:
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
        if isinstance(test, _LOOSE) or b"\n" in written:
            return Kind.OPERATOR, (Edit(start, start, "not ("), Edit(end, end, ")"))
        return Kind.OPERATOR, (Edit(start, start, "not "),)

    def _other_class(self, node: ast.expr, classes: Sequence[str]) -> list[Edits]:
        """Return edits that wait for an unrelated exception: no superclass and no subclass of the awaited one."""
        named = (getattr(builtins, each.id, None) for each in ast.walk(node) if isinstance(each, ast.Name))
        awaited = tuple(each for each in named if isinstance(each, type))
        kinds = {name: getattr(builtins, name) for name in classes}
        others = [n for n, kind in kinds.items() if not any(_related(kind, one) for one in awaited)]
        drawn = self.chance.sample(others, min(_EXCEPTIONS, len(others)))
        return [(Edit(*self.text.span(node), other),) for other in drawn] if len(drawn) > 1 else []


def _is_near(node: ast.AST) -> bool:
    """Return whether a call accepts a range of numbers, in which another of the expected ones may lie."""
    if not isinstance(node, ast.Call) or not _CLOSE.search(called(node)):
        return False
    leaves = (leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant))
    large = any(isinstance(value, int) and value > _EXACT for value in leaves)
    own = node.args if called(node) != "approx" else [*node.args, *node.args]
    return large or bool(node.keywords) or len(own) > 2


def _related(one: type, other: type) -> bool:
    return issubclass(one, other) or issubclass(other, one)


def _raises(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(name, ast.Name) and name.id in _FAILS
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and called(node.value) in _FAILS


def _sides(node: ast.AST) -> tuple[ast.expr, ...]:
    """Return the two sides that a check compares for being equal, if it does."""
    if isinstance(node, ast.Call):
        return tuple(node.args[:2]) if _EQUAL.fullmatch(called(node)) else ()
    test = getattr(node, "test", None) if isinstance(node, ast.Assert | ast.If) else None
    return (test.left, *test.comparators) if isinstance(test, ast.Compare) and len(test.ops) == 1 else ()


def _is_equal(node: ast.AST) -> bool:
    """Return whether a check holds only if its two sides are equal, with nothing else beside them."""
    if isinstance(node, ast.Call):
        return (
            len(_sides(node)) == 2
            and not _CLOSE.search(called(node))
            and not isinstance(node.args[0], ast.Starred)
        )
    test = node.test if isinstance(node, ast.Assert) else None
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)


def _names_in(function: Function) -> list[ast.Name]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Name)]


def _below(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Yield nodes and all below them in order; nothing in a formatted string, whose position is not known."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.JoinedStr):
            yield node
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _functions(body: Sequence[ast.stmt], above: str) -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, Function):
            yield above + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{above}{node.name}::")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _functions(node.body, above)
