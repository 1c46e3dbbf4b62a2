"""Mistaken names: another local variable, another attribute of ``self``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from codegym.mutate.site import Operator, Site, SourceText, TextEdit

_NEVER_MISTAKEN = frozenset({"self", "cls", "_"})


@dataclass
class _Locals(cst.CSTVisitor):
    """Collects the names that a function binds, with their lines, and the attributes of ``self`` that it reads.

    Functions inside it are left out.
    """

    text: SourceText
    bound: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, None] = field(default_factory=dict)

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Param | cst.AsName):
            self._bind(node.name)
        elif isinstance(node, cst.AssignTarget | cst.For | cst.NamedExpr):
            self._bind(node.target)
        elif isinstance(node, cst.Attribute):
            self._read(node)
        return not isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda)

    def _read(self, node: cst.Attribute) -> None:
        if isinstance(node.value, cst.Name) and node.value.value == "self":
            self.attributes[node.attr.value] = None

    def _bind(self, target: cst.CSTNode) -> None:
        if isinstance(target, cst.Name) and target.value not in _NEVER_MISTAKEN:
            self.bound.setdefault(target.value, self.text.line(target))
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._bind(element.value)


def site(text: SourceText, function: cst.FunctionDef) -> Site:
    """Return what operators need to know of ``function``."""
    names = _Locals(text)
    function.params.visit(names)
    function.body.visit(names)
    return Site(text, names.bound, tuple(names.attributes), function)


def _another(node: cst.BaseExpression | None, site: Site) -> Iterator[TextEdit]:
    """Read another local variable, if ``node`` is the name of one."""
    if isinstance(node, cst.Name):
        for other in site.others(node.value, site.text.line(node)):
            yield from site.text.replace(node, other)


def wrong_argument(node: cst.Arg, site: Site) -> Iterator[TextEdit]:
    """Pass another local variable."""
    yield from _another(node.value, site)


def wrong_comparand(node: cst.Comparison, site: Site) -> Iterator[TextEdit]:
    """Compare another local variable."""
    yield from _another(node.left, site)
    for target in node.comparisons:
        yield from _another(target.comparator, site)


def wrong_operand(node: cst.BinaryOperation, site: Site) -> Iterator[TextEdit]:
    """Compute with another local variable."""
    yield from _another(node.left, site)
    yield from _another(node.right, site)


def wrong_value(node: cst.Assign, site: Site) -> Iterator[TextEdit]:
    """Assign another local variable."""
    if isinstance(node.value, cst.Name):
        targets = {site.of(target.target) for target in node.targets}
        for start, end, new in _another(node.value, site):
            if new not in targets:
                yield start, end, new


def wrong_result(node: cst.Return, site: Site) -> Iterator[TextEdit]:
    """Return another local variable."""
    yield from _another(node.value, site)


def wrong_index(node: cst.Index, site: Site) -> Iterator[TextEdit]:
    """Look up by another local variable."""
    yield from _another(node.value, site)


def wrong_iterable(node: cst.For, site: Site) -> Iterator[TextEdit]:
    """Loop over another local variable."""
    yield from _another(node.iter, site)


def wrong_attribute(node: cst.Attribute, site: Site) -> Iterator[TextEdit]:
    """Use another attribute of ``self``."""
    if isinstance(node.value, cst.Name) and node.value.value == "self":
        for other in site.other_attributes(node.attr.value):
            yield from site.text.replace(node.attr, other)


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "wrong_argument": (cst.Arg, wrong_argument),
    "wrong_comparand": (cst.Comparison, wrong_comparand),
    "wrong_operand": (cst.BinaryOperation, wrong_operand),
    "wrong_value": (cst.Assign, wrong_value),
    "wrong_result": (cst.Return, wrong_result),
    "wrong_index": (cst.Index, wrong_index),
    "wrong_iterable": (cst.For, wrong_iterable),
    "wrong_attribute": (cst.Attribute, wrong_attribute),
}
