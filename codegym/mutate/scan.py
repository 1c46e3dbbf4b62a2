"""Finds all mutations of a module: walks its syntax tree once, and asks every operator at every node.

Mutations are in the order of the text, so that a seed and an index mean the same bug on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from codegym.mutate import calls, expressions, literals, names, order, resources, state, statements
from codegym.mutate.mutation import Mutation
from codegym.mutate.site import Operator, Site, SourceText, TextEdit, line_starts

OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    **state.OPERATORS,
    **resources.OPERATORS,
    **order.OPERATORS,
    **expressions.OPERATORS,
    **literals.OPERATORS,
    **calls.OPERATORS,
    **names.OPERATORS,
    **statements.OPERATORS,
}
"""Maps the name of each operator to the type of nodes that it changes, and to its function.

If two operators make the same edit, it is the first one's. Those whose mistakes are rare come first.
"""

RARE = frozenset({*state.OPERATORS, *resources.OPERATORS, *order.OPERATORS})
"""The operators whose mistakes are in state, in resources and in the order of statements."""

_BY_TYPE: dict[type[cst.CSTNode], list[tuple[str, Operator]]] = {}
for _name, (_type, _operator) in OPERATORS.items():
    _BY_TYPE.setdefault(_type, []).append((_name, _operator))

_NOT_CODE = (cst.Annotation, cst.Decorator, cst.TypeParameters, cst.ImportFrom, cst.Import, cst.Assert)
"""Parts of a function in which a mistake is no bug, or none that a test can see."""


def mutations(source: str) -> list[Mutation]:
    """Return all mutations of all functions in ``source``, in the order of the text, without duplicates.

    Raises ``SyntaxError`` if ``source`` is no Python module.
    """
    return scan(source)[0]


def functions(source: str) -> list[tuple[str, int, int]]:
    """Return (qualified name, first line, last line) of every function, including nested ones, in order."""
    return _extents(_walk(source, operators=False))


def scan(source: str) -> tuple[list[Mutation], list[tuple[str, int, int]]]:
    """Return the results of :func:`mutations` and of :func:`functions`, by walking the module only once."""
    walker = _walk(source)
    unique = {(m.start, m.end, m.new): m for m in reversed(walker.mutations)}
    return sorted(unique.values()), _extents(walker)


@dataclass
class _Walker(cst.CSTVisitor):
    """Collects functions and, with ``operators``, mutations.

    ``path`` and ``sites`` are stacks: the names and the functions around the current node.
    """

    text: SourceText
    operators: bool
    mutations: list[Mutation] = field(default_factory=list)
    functions: list[tuple[str, int, int]] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    sites: list[tuple[str, Site]] = field(default_factory=list)

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _NOT_CODE):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._enter(node)
        elif self.sites and self.operators:
            self.mutations += self._at(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.path.pop()
        if isinstance(original_node, cst.FunctionDef):
            self.sites.pop()

    def _enter(self, node: cst.FunctionDef | cst.ClassDef) -> None:
        self.path.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            name, where = ".".join(self.path), self.text.range_of(node)
            self.functions.append((name, where.start.line, where.end.line))
            self.sites.append((name, names.site(self.text, node)))

    def _at(self, node: cst.CSTNode) -> Iterator[Mutation]:
        name, site = self.sites[-1]
        for operator, edits in _BY_TYPE.get(type(node), ()):
            for edit in edits(node, site):
                yield from self._mutation(operator, name, edit)

    def _mutation(self, operator: str, function: str, edit: TextEdit) -> Iterator[Mutation]:
        start, end, new = edit
        source = self.text.source
        old = source[start:end]
        if new[:1].isidentifier() and source[start - 1 : start].isalnum():
            new = " " + new
        if new[-1:].isalnum() and source[end : end + 1].isalnum():
            new += " "
        if new.strip() != old.strip():
            yield Mutation(start, end, new, operator, function, self.text.line_of(start), old)


def _extents(walker: _Walker) -> list[tuple[str, int, int]]:
    return sorted(walker.functions, key=lambda function: function[1])


def _walk(source: str, *, operators: bool = True) -> _Walker:
    try:
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    except cst.ParserSyntaxError as error:
        raise SyntaxError(str(error)) from error
    ranges = wrapper.resolve(PositionProvider)
    walker = _Walker(SourceText(source, line_starts(source), ranges.__getitem__), operators)
    wrapper.module.visit(walker)
    return walker
