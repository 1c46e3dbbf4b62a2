"""Parses a Python test file: its functions, tables, parametrized cases and checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.certain import Function, FunctionNames, certain_nodes
from codegym.grade.form.edit import Text
from codegym.grade.form.expected import is_expected
from codegym.grade.form.pure import FileNames
from codegym.grade.form.python_checks import Check, compared_sides, function_checks, is_plain_equality
from codegym.grade.form.python_values import value_variants
from codegym.grade.form.table import Cases, Table, cases_of, last_value
from codegym.syntax import parse_module


@dataclass(frozen=True)
class Comparison:
    """A check ``node`` that compares ``left`` and ``right`` for equality."""

    node: ast.expr | ast.stmt
    left: ast.expr
    right: ast.expr


class Module:
    """A parsed test file. It has no functions if it is not Python or not UTF-8.

    ``functions`` maps names such as ``test_a`` and ``TestB::test_c`` to functions.
    """

    def __init__(self, content: bytes) -> None:
        self.text = Text(content)
        self.functions: dict[str, Function] = {}
        self.tree = ast.Module([], [])
        try:
            content.decode()
            self.tree = parse_module(content)
            self.functions = dict(_functions(self.tree.body, ""))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return

    @cached_property
    def names(self) -> FileNames:
        """What the names of the file mean."""
        return FileNames(self.tree)

    @cached_property
    def function_names(self) -> FunctionNames:
        """The functions that the file calls."""
        return FunctionNames(self.names.pure_functions, frozenset(self.names.foreign))

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The lists, tuples and dictionaries that the module assigns to a name, by name, if it does so once."""
        targets = [node.targets[0] for node in self.tree.body if isinstance(node, ast.Assign)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        tables: dict[str, Table] = {}
        for node in self.tree.body:
            value, target = getattr(node, "value", None), (getattr(node, "targets", None) or [None])[0]
            if isinstance(value, Table) and isinstance(target, ast.Name):
                tables[target.id] = value
        return {name: table for name, table in tables.items() if names.count(name) == 1}

    def row_checks(self, chance: Random) -> list[Check]:
        """Return a check for each row of a table. It changes the row's last value, or the value of a key.

        Left out are tables with a use that does not end in a comparison for equality.
        """
        functions = self.functions.values()
        names = [name for name in self.tables if is_expected(name, self.tree, functions)]
        checks = [check for name in names for check in self._table_checks(self.tables[name], chance)]
        return checks if len(checks) > 1 else []

    def _table_checks(self, table: Table, chance: Random) -> Iterator[Check]:
        values = table.values if isinstance(table, ast.Dict) else table.elts
        expected = [last_value(value, alone=isinstance(table, ast.Dict)) for value in values]
        leaves = (
            leaf for value in expected if value for leaf in ast.walk(value) if isinstance(leaf, ast.Constant)
        )
        near = [self.text.source_of(leaf).decode() for leaf in leaves]
        for value in expected:
            variants = value_variants(self.text, value, near, chance) if value else []
            if value and variants:
                yield Check("", Kind.VALUE, (value.lineno, value.end_lineno or value.lineno), tuple(variants))

    def owner(self, test: str) -> str:
        """Return the name of the function that the test id ``test`` runs; empty if it is not in this file.

        For a method that its class inherits, it is the only method with the same name.
        """
        name = test.partition("::")[2].partition("[")[0]
        namesakes = [owner for owner in self.functions if owner.rpartition("::")[2] == name.rpartition("::")[2]]
        return name if name in self.functions else namesakes[0] if "::" in name and len(namesakes) == 1 else ""

    def checks(self, owner: str, chance: Random) -> list[Check]:
        """Return the checks in the function ``owner``, in the order of the text."""
        return function_checks(
            self.functions[owner],
            text=self.text,
            owner=owner,
            cases=self.cases(owner),
            names=self.function_names,
            chance=chance,
        )

    def comparisons(self, owner: str) -> list[Comparison]:
        """Return the comparisons for equality that are always reached in the function ``owner``."""
        nodes = certain_nodes(self.functions[owner], self.function_names)
        pairs = ((node, compared_sides(node)) for node in nodes if is_plain_equality(node))
        return [Comparison(node, *sides[:2]) for node, sides in pairs if isinstance(node, ast.expr | ast.stmt)]

    def cases(self, owner: str) -> Cases | None:
        """Return the parametrized cases of a function; ``None`` if they are not a list in a single decorator."""
        return cases_of(self.functions[owner], self.tables) if owner in self.functions else None


def _functions(body: Sequence[ast.stmt], above: str) -> Iterator[tuple[str, Function]]:
    """Yield the functions and methods in a body with their names; ``above`` is the name of the class around it."""
    for node in body:
        if isinstance(node, Function):
            yield above + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{above}{node.name}::")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _functions(node.body, above)
