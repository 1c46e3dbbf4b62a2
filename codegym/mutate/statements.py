"""Mistakes in statements: one forgotten, a branch always taken, a result not returned."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from codegym.mutate.site import Operator, Site, TextEdit

_AUGMENTED = {
    "+=": ("-=", "="),
    "-=": ("+=",),
    "*=": ("+=",),
    "/=": ("*=",),
    "//=": ("*=",),
    "%=": ("//=",),
    "|=": ("&=",),
    "&=": ("|=",),
    "^=": ("|=",),
    "<<=": (">>=",),
    ">>=": ("<<=",),
}
_EXCEPTIONS = {
    "ValueError": "TypeError",
    "TypeError": "ValueError",
    "KeyError": "IndexError",
    "IndexError": "KeyError",
    "AttributeError": "KeyError",
    "StopIteration": "IndexError",
    "ZeroDivisionError": "ValueError",
    "OverflowError": "ValueError",
}


def forced_branch(node: cst.If, site: Site) -> Iterator[TextEdit]:
    """Always take a branch, or never."""
    for constant in ("True", "False"):
        if not node.test.lpar and site.of(node.test) not in ("True", "False"):
            yield from site.text.replace(node.test, constant)


def returned_none(node: cst.Return, site: Site) -> Iterator[TextEdit]:
    """Return ``None`` instead of the result."""
    if node.value is not None and not node.value.lpar:
        yield from site.text.replace(node.value, "None")


def returned_swapped(node: cst.Return, site: Site) -> Iterator[TextEdit]:
    """Swap the two values of a returned pair."""
    if isinstance(node.value, cst.Tuple) and len(node.value.elements) == 2 and not node.value.lpar:
        left, right = (element.value for element in node.value.elements)
        if not (left.lpar or right.lpar):
            yield from site.text.replace(node.value, f"{site.of(right)}, {site.of(left)}")


def augmented(node: cst.AugAssign, site: Site) -> Iterator[TextEdit]:
    """Update with another operator, or assign instead of updating."""
    for new in _AUGMENTED.get(site.of(node.operator), ()):
        yield from site.text.replace(node.operator, new)


def dropped_call(node: cst.Expr, site: Site) -> Iterator[TextEdit]:
    """Forget a call made for its effect."""
    if isinstance(node.value, cst.Call):
        yield from site.text.replace(node, "pass")


def dropped_update(node: cst.AugAssign, site: Site) -> Iterator[TextEdit]:
    """Forget to update a variable."""
    yield from site.text.replace(node, "pass")


def dropped_assignment(node: cst.Assign, site: Site) -> Iterator[TextEdit]:
    """Forget to assign something that has a value already: an item, an attribute, a name bound before."""
    target = node.targets[0].target
    bound = isinstance(target, cst.Name) and site.names.get(target.value, site.text.line(node))
    if isinstance(target, cst.Attribute | cst.Subscript) or (bound and bound < site.text.line(node)):
        yield from site.text.replace(node, "pass")


def dropped_raise(node: cst.Raise, site: Site) -> Iterator[TextEdit]:
    """Do not raise an error."""
    yield from site.text.replace(node, "pass")


def dropped_break(node: cst.Break, site: Site) -> Iterator[TextEdit]:
    """Continue a loop instead of leaving it."""
    yield from site.text.replace(node, "continue")


def dropped_continue(node: cst.Continue, site: Site) -> Iterator[TextEdit]:
    """Leave the loop, or fall through, instead of continuing it."""
    yield from site.text.replace(node, "break")
    yield from site.text.replace(node, "pass")


def wrong_exception(node: cst.ExceptHandler, site: Site) -> Iterator[TextEdit]:
    """Catch another error."""
    if isinstance(node.type, cst.Name) and node.type.value in _EXCEPTIONS:
        yield from site.text.replace(node.type, _EXCEPTIONS[node.type.value])


def wrong_error(node: cst.Raise, site: Site) -> Iterator[TextEdit]:
    """Raise another error."""
    raised = node.exc.func if isinstance(node.exc, cst.Call) else node.exc
    if isinstance(raised, cst.Name) and raised.value in _EXCEPTIONS:
        yield from site.text.replace(raised, _EXCEPTIONS[raised.value])


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "forced_branch": (cst.If, forced_branch),
    "returned_none": (cst.Return, returned_none),
    "returned_swapped": (cst.Return, returned_swapped),
    "augmented": (cst.AugAssign, augmented),
    "dropped_call": (cst.Expr, dropped_call),
    "dropped_update": (cst.AugAssign, dropped_update),
    "dropped_assignment": (cst.Assign, dropped_assignment),
    "dropped_raise": (cst.Raise, dropped_raise),
    "dropped_break": (cst.Break, dropped_break),
    "dropped_continue": (cst.Continue, dropped_continue),
    "wrong_exception": (cst.ExceptHandler, wrong_exception),
    "wrong_error": (cst.Raise, wrong_error),
}
