"""Mistakes with state: what is not reset, shared instead of copied, kept between calls, or used up too early."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from codegym.mutate.site import Operator, Site, TextEdit

_CACHE = re.compile(r"cache|memo(?!r)")
_EMPTYING = frozenset({"clear", "pop", "popitem", "discard", "remove", "cache_clear", "invalidate"})
_EMPTY = frozenset({"None", "0", "False", "True", "''", '""', "[]", "{}", "()", "set()", "list()", "dict()"})
_COPIERS = frozenset({"list", "dict", "set"})
_MUTABLE = frozenset({"[]", "{}", "list()", "dict()", "set()"})
_READS = 2
"""Times that a variable is read, so that an iterator in it would be used up before the last."""


def dropped_reset(node: cst.Assign, site: Site) -> Iterator[TextEdit]:
    """Forget to set an attribute of ``self`` back to its first value."""
    target = node.targets[0].target
    own = isinstance(target, cst.Attribute) and site.of(target.value) == "self"
    if own and site.of(node.value) in _EMPTY and site.function.name.value != "__init__":
        yield from site.text.replace(node, "pass")


def stale_cache(node: cst.SimpleStatementLine, site: Site) -> Iterator[TextEdit]:
    """Do not invalidate a cache."""
    statement = node.body[0]
    if len(node.body) == 1 and _invalidates(statement, site):
        yield from site.text.replace(statement, "pass")


def _invalidates(statement: cst.BaseSmallStatement, site: Site) -> bool:
    if isinstance(statement, cst.Del):
        return _CACHE.search(site.of(statement.target).lower()) is not None
    if isinstance(statement, cst.Assign):
        target = statement.targets[0].target
        attribute = isinstance(target, cst.Attribute) and _CACHE.search(target.attr.value.lower()) is not None
        return attribute and site.of(statement.value) in _EMPTY and site.function.name.value != "__init__"
    call = statement.value if isinstance(statement, cst.Expr) else None
    method = call.func if isinstance(call, cst.Call) else None
    if not isinstance(method, cst.Attribute) or method.attr.value not in _EMPTYING:
        return False
    return method.attr.value == "cache_clear" or _CACHE.search(site.of(method.value).lower()) is not None


def shared_copy(node: cst.Call, site: Site) -> Iterator[TextEdit]:
    """Use an object itself instead of a copy of it."""
    function, arguments = node.func, node.args
    if isinstance(function, cst.Attribute) and function.attr.value == "copy" and not arguments:
        yield from site.text.replace(node, site.of(function.value))
    elif isinstance(function, cst.Name) and function.value in _COPIERS and len(arguments) == 1:
        value = arguments[0].value
        if isinstance(value, cst.Name | cst.Attribute) and not arguments[0].star and not arguments[0].keyword:
            yield from site.text.replace(node, site.of(value))


def shared_slice(node: cst.Subscript, site: Site) -> Iterator[TextEdit]:
    """Use a list itself instead of a slice of all of it."""
    only = node.slice[0].slice
    if len(node.slice) == 1 and isinstance(only, cst.Slice) and site.of(only).strip() == ":":
        yield from site.text.replace(node, site.of(node.value))


def shallow_copy(node: cst.Call, site: Site) -> Iterator[TextEdit]:
    """Copy an object and not what it contains."""
    function = node.func
    if isinstance(function, cst.Attribute) and function.attr.value == "deepcopy":
        yield from site.text.replace(function.attr, "copy")
    elif isinstance(function, cst.Name) and function.value == "deepcopy" and len(node.args) == 1:
        yield from site.text.replace(node, site.of(node.args[0]))


def mutable_default(node: cst.If, site: Site) -> Iterator[TextEdit]:
    """Make the value that replaces a default of ``None`` the default itself, which all calls share."""
    assigned, source = _only_assignment(node), site.text.source
    if assigned is None or node.orelse or node not in site.function.body.body[:-1]:
        return
    name, value = site.of(assigned.targets[0].target), site.of(assigned.value)
    if site.of(node.test) != f"{name} is None" or value not in _MUTABLE:
        return
    for default in _defaults(name, site):
        (start, end), (first, last) = site.text.span(default), site.text.span(node)
        between = source[end:first].rstrip(" \t")
        if source[start:end] == "None" and source[last : last + 1] == "\n" and between.endswith("\n"):
            yield start, last + 1, value + between


def _defaults(name: str, site: Site) -> list[cst.BaseExpression]:
    """Return the default of the parameter ``name``, if there is one."""
    parameters = [*site.function.params.params, *site.function.params.kwonly_params]
    return [parameter.default for parameter in parameters if parameter.name.value == name and parameter.default]


def _only_assignment(node: cst.If) -> cst.Assign | None:
    """Return the assignment that is all that a branch does."""
    lines = node.body.body
    line = lines[0] if len(lines) == 1 else None
    statement = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    return statement if isinstance(statement, cst.Assign) and len(statement.targets) == 1 else None


def used_up(node: cst.Assign, site: Site) -> Iterator[TextEdit]:
    """Keep an iterator where a list is read several times."""
    target, value = node.targets[0].target, node.value
    if not isinstance(target, cst.Name):
        return
    uses = re.findall(rf"\b{target.value}\b", site.of(site.function))
    if len(uses) < 1 + _READS:
        return
    if isinstance(value, cst.ListComp) and not value.lpar:
        yield from site.text.replace(value, f"({site.of(value)[1:-1]})")
    elif isinstance(value, cst.Call) and len(value.args) == 1 and site.of(value.func) in ("list", "tuple"):
        yield from site.text.replace(value.func, "iter")


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "dropped_reset": (cst.Assign, dropped_reset),
    "stale_cache": (cst.SimpleStatementLine, stale_cache),
    "shared_copy": (cst.Call, shared_copy),
    "shared_slice": (cst.Subscript, shared_slice),
    "shallow_copy": (cst.Call, shallow_copy),
    "mutable_default": (cst.If, mutable_default),
    "used_up": (cst.Assign, used_up),
}
