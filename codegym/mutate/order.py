"""Mistakes in the order of statements: two of them swapped, a flag set too early or too late."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from codegym.mutate.site import Operator, Site, TextEdit

_FLAGS = frozenset({"True", "False", "None"})


def swapped_statements(node: cst.IndentedBlock, site: Site) -> Iterator[TextEdit]:
    """Swap two statements of which one changes what the other uses."""
    for one, other in _neighbours(node):
        if not (_is_flag(one, site) or _is_flag(other, site)) and _interfere(one, other, site):
            yield from _swapped(one, other, site)


def misplaced_flag(node: cst.IndentedBlock, site: Site) -> Iterator[TextEdit]:
    """Set a flag before the statement that it should follow, or after the one that it should precede."""
    for one, other in _neighbours(node):
        alone = _is_flag(one, site) != _is_flag(other, site) and not _binds_first(one, site)
        if alone and site.function.name.value != "__init__":
            yield from _swapped(one, other, site)


def _neighbours(node: cst.IndentedBlock) -> Iterator[tuple[cst.BaseSmallStatement, cst.BaseSmallStatement]]:
    for one, other in pairwise(node.body):
        if isinstance(one, cst.SimpleStatementLine) and isinstance(other, cst.SimpleStatementLine):
            both = (one.body[0], other.body[0])
            if len(one.body) == len(other.body) == 1 and all(map(_has_effect, both)):
                yield both


def _has_effect(statement: cst.BaseSmallStatement) -> bool:
    """Return whether a statement may be swapped with another: it assigns, deletes, or calls for an effect."""
    if isinstance(statement, cst.Expr):
        return isinstance(statement.value, cst.Call)
    return isinstance(statement, cst.Assign | cst.AugAssign | cst.Del)


def _is_flag(statement: cst.BaseSmallStatement, site: Site) -> bool:
    """Return whether a statement sets an attribute to ``True``, ``False`` or ``None``."""
    if not isinstance(statement, cst.Assign):
        return False
    return isinstance(statement.targets[0].target, cst.Attribute) and site.of(statement.value) in _FLAGS


def _interfere(one: cst.BaseSmallStatement, other: cst.BaseSmallStatement, site: Site) -> bool:
    """Return whether one statement changes what the other uses, and no new variable is used before it is bound."""
    if _binds_first(one, site):
        return False
    return bool(_changed(one, site) & _used(other, site) or _changed(other, site) & _used(one, site))


def _binds_first(statement: cst.BaseSmallStatement, site: Site) -> bool:
    """Return whether a statement may be the first that gives a local variable its value."""
    if not isinstance(statement, cst.Assign):
        return False
    line = site.text.line(statement)
    return any(
        site.names.get(target.value, line) == line if isinstance(target, cst.Name) else _is_pattern(target)
        for target in (assigned.target for assigned in statement.targets)
    )


def _is_pattern(target: cst.BaseExpression) -> bool:
    return not isinstance(target, cst.Attribute | cst.Subscript)


def _changed(statement: cst.BaseSmallStatement, site: Site) -> set[str]:
    """Return the variables and attributes that a statement changes, as texts."""
    targets: list[cst.BaseExpression] = []
    if isinstance(statement, cst.Assign):
        targets = [target.target for target in statement.targets]
    elif isinstance(statement, cst.AugAssign | cst.Del):
        targets = [statement.target]
    elif isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
        method = statement.value.func
        targets = [method.value] if isinstance(method, cst.Attribute) else []
    return {site.of(target.value if isinstance(target, cst.Subscript) else target) for target in targets} - {
        "self"
    }


def _used(statement: cst.BaseSmallStatement, site: Site) -> set[str]:
    """Return the variables and attributes that a statement mentions, as texts."""
    mentions = _Mentions(site)
    statement.visit(mentions)
    return mentions.texts


class _Mentions(cst.CSTVisitor):
    """Collects the texts of names and of attributes."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site
        self.texts = set[str]()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Name | cst.Attribute):
            self.texts.add(self.site.of(node))
        return True


def _swapped(one: cst.BaseSmallStatement, other: cst.BaseSmallStatement, site: Site) -> Iterator[TextEdit]:
    (start, middle), (after, end) = site.text.span(one), site.text.span(other)
    source = site.text.source
    if "#" not in source[middle:after]:
        yield start, end, source[after:end] + source[middle:after] + source[start:middle]


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "misplaced_flag": (cst.IndentedBlock, misplaced_flag),
    "swapped_statements": (cst.IndentedBlock, swapped_statements),
}
