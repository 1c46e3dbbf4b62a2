"""Mistakes with resources and locks: one that is not released, or not held while it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from codegym.mutate.site import Operator, Site, TextEdit

_LOCK = re.compile(r"lock(?!s?ize)|mutex|cond(?:ition)?$|semaphore")
_RELEASING = frozenset({"close", "release", "shutdown", "unlink", "flush", "cleanup", "disconnect", "terminate"})


def unlocked(node: cst.With, site: Site) -> Iterator[TextEdit]:
    """Do not hold a lock."""
    if _is_lock(node, site):
        yield from _without_context(node, site)


def unmanaged(node: cst.With, site: Site) -> Iterator[TextEdit]:
    """Use an object and never leave its context, so that it is not closed or its effect is missing."""
    if not _is_lock(node, site):
        yield from _without_context(node, site)


def unreleased(node: cst.Expr, site: Site) -> Iterator[TextEdit]:
    """Do not close or release something."""
    method = node.value.func if isinstance(node.value, cst.Call) else None
    if isinstance(method, cst.Attribute) and method.attr.value in _RELEASING:
        yield from site.text.replace(node, "pass")


def dropped_cleanup(node: cst.Finally, site: Site) -> Iterator[TextEdit]:
    """Do not do what has to be done at the end in any case."""
    statements = node.body.body
    (start, _), (_, end) = site.text.span(statements[0]), site.text.span(statements[-1])
    yield start, end, "pass"


def _is_lock(node: cst.With, site: Site) -> bool:
    return any(_LOCK.search(site.of(item.item).lower().removesuffix("()")) for item in node.items)


def _without_context(node: cst.With, site: Site) -> Iterator[TextEdit]:
    """Yield the body alone; the name after ``as`` is bound to the object itself."""
    statements = node.body.body
    if len(node.items) != 1 or node.asynchronous or not isinstance(node.body, cst.IndentedBlock):
        return
    (start, end), (first, last) = (
        site.text.span(node),
        (site.text.span(statements[0]), site.text.span(statements[-1])),
    )
    body = site.text.source[first[0] : last[1]]
    if '"""' in body or "'''" in body or "\\\n" in body:
        return
    outer, inner = (site.text.column(part) for part in (node, statements[0]))
    lines = body.replace("\n" + " " * inner, "\n" + " " * outer)
    item = node.items[0]
    bound = f"{site.of(item.asname.name)} = {site.of(item.item)}\n{' ' * outer}" if item.asname else ""
    yield start, end, bound + lines


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "unlocked": (cst.With, unlocked),
    "unmanaged": (cst.With, unmanaged),
    "unreleased": (cst.Expr, unreleased),
    "dropped_cleanup": (cst.Finally, dropped_cleanup),
}
