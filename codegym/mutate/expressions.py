"""Mistakes in expressions: the wrong comparison, sign, operator, branch or bound."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from codegym.mutate.site import Operator, Site, TextEdit

_COMPARISONS = {
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "==": ("!=",),
    "!=": ("==",),
    "is": ("is not",),
    "is not": ("is",),
    "in": ("not in",),
    "not in": ("in",),
}
_ARITHMETIC = {
    "+": ("-",),
    "-": ("+",),
    "*": ("//", "+"),
    "/": ("*", "//"),
    "//": ("*", "%"),
    "%": ("//",),
    "**": ("*",),
    "<<": (">>",),
    ">>": ("<<",),
    "&": ("|",),
    "|": ("&",),
    "^": ("&",),
}
_ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)
_COUNTERS = frozenset({"range", "islice"})


def comparison(node: cst.ComparisonTarget, site: Site) -> Iterator[TextEdit]:
    """Compare with a similar or the opposite operator, such as ``<=`` or ``>`` for ``<``."""
    for new in _COMPARISONS.get(" ".join(site.of(node.operator).split()), ()):
        yield from site.text.replace(node.operator, new)


def boundary(node: cst.ComparisonTarget, site: Site) -> Iterator[TextEdit]:
    """Compare with a bound that is off by one."""
    if isinstance(node.operator, cst.LessThan | cst.LessThanEqual | cst.GreaterThan | cst.GreaterThanEqual):
        yield from _beside(node.comparator, site)


def range_boundary(node: cst.Call, site: Site) -> Iterator[TextEdit]:
    """Count one too many or one too few."""
    if site.of(node.func).rpartition(".")[2] in _COUNTERS:
        for argument in node.args:
            yield from _beside(argument.value, site)


def slice_boundary(node: cst.Slice, site: Site) -> Iterator[TextEdit]:
    """Slice one item too early or too late."""
    for bound in (node.lower, node.upper):
        if bound is not None:
            yield from _beside(bound, site)


def index_boundary(node: cst.Index, site: Site) -> Iterator[TextEdit]:
    """Take the neighbouring item, or the last item instead of the first."""
    text = site.of(node.value)
    swapped = {"0": "-1", "-1": "0"}.get(text)
    if swapped:
        yield from site.text.replace(node.value, swapped)
    if isinstance(node.value, cst.Integer | cst.UnaryOperation | cst.BinaryOperation):
        yield from _beside(node.value, site)


def arithmetic(node: cst.BinaryOperation, site: Site) -> Iterator[TextEdit]:
    """Use another arithmetic operator."""
    if isinstance(node.left, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString):
        return
    for new in _ARITHMETIC.get(site.of(node.operator), ()):
        yield from site.text.replace(node.operator, new)


def swapped_operands(node: cst.BinaryOperation, site: Site) -> Iterator[TextEdit]:
    """Swap the operands of a subtraction or division."""
    if isinstance(node.operator, cst.Subtract | cst.Divide | cst.FloorDivide | cst.Modulo):
        yield from _swap(node.left, node.right, site)


def boolean(node: cst.BooleanOperation, site: Site) -> Iterator[TextEdit]:
    """Write ``or`` for ``and``, or ``and`` for ``or``."""
    yield from site.text.replace(node.operator, "or" if isinstance(node.operator, cst.And) else "and")


def dropped_condition(node: cst.BooleanOperation, site: Site) -> Iterator[TextEdit]:
    """Forget one half of a condition."""
    start, end = site.text.span(node)
    if not (node.left.lpar or node.right.lpar):
        yield start, end, site.of(node.left)
        yield start, end, site.of(node.right)


def dropped_unary(node: cst.UnaryOperation, site: Site) -> Iterator[TextEdit]:
    """Drop a ``not``, a minus or a tilde."""
    if not isinstance(node.expression, cst.Integer | cst.Float):
        yield from site.text.replace(node.operator, "")


def swapped_ternary(node: cst.IfExp, site: Site) -> Iterator[TextEdit]:
    """Swap the two values of a conditional expression."""
    yield from _swap(node.body, node.orelse, site)


def negated_test(node: cst.IfExp | cst.If | cst.CompIf, site: Site) -> Iterator[TextEdit]:
    """Negate a condition that is no comparison."""
    test = node.test
    if isinstance(test, _ATOMS):
        yield from site.text.replace(test, f"not {site.of(test)}")
    elif isinstance(test, cst.BooleanOperation):
        yield from site.text.replace(test, f"not ({site.of(test)})")


def slice_edge(node: cst.Slice, site: Site) -> Iterator[TextEdit]:
    """Forget the start or the end of a slice, or take the part of the sequence on the other side."""
    if node.step is not None:
        return
    start, end = site.text.span(node)
    lower = site.of(node.lower) if node.lower else ""
    upper = site.of(node.upper) if node.upper else ""
    if lower and upper:
        yield start, end, f"{lower}:"
        yield start, end, f":{upper}"
    elif lower or upper:
        yield start, end, f"{upper}:{lower}"


def slice_step(node: cst.Slice, site: Site) -> Iterator[TextEdit]:
    """Do not reverse a slice that has the step -1."""
    if node.step is not None and site.of(node.step) == "-1":
        yield from site.text.replace(node.step, "1")


def _beside(node: cst.BaseExpression, site: Site) -> Iterator[TextEdit]:
    if isinstance(node, cst.Integer):
        value = node.evaluated_value
        new = [str(value + 1), str(value - 1)] if value else ["1"]
    elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add | cst.Subtract):
        new = [site.of(node.left)] if isinstance(node.right, cst.Integer) and not node.left.lpar else []
    else:
        new = [f"{site.of(node)} {sign} 1" for sign in "+-"] if isinstance(node, _ATOMS) else []
    for text in new:
        yield from site.text.replace(node, text)


def _swap(left: cst.CSTNode, right: cst.CSTNode, site: Site) -> Iterator[TextEdit]:
    if getattr(left, "lpar", ()) or getattr(right, "lpar", ()):
        return
    (start, middle), (after, end) = site.text.span(left), site.text.span(right)
    between = site.text.source[middle:after]
    if _binds_alike(left, right):
        yield start, end, site.of(right) + between + site.of(left)


def _binds_alike(left: cst.CSTNode, right: cst.CSTNode) -> bool:
    tight = (*_ATOMS, cst.Integer, cst.Float, cst.SimpleString, cst.Tuple, cst.List, cst.Dict)
    return isinstance(left, tight) and isinstance(right, tight)


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "comparison": (cst.ComparisonTarget, comparison),
    "boundary": (cst.ComparisonTarget, boundary),
    "range_boundary": (cst.Call, range_boundary),
    "slice_boundary": (cst.Slice, slice_boundary),
    "index_boundary": (cst.Index, index_boundary),
    "arithmetic": (cst.BinaryOperation, arithmetic),
    "swapped_operands": (cst.BinaryOperation, swapped_operands),
    "boolean": (cst.BooleanOperation, boolean),
    "dropped_condition": (cst.BooleanOperation, dropped_condition),
    "dropped_unary": (cst.UnaryOperation, dropped_unary),
    "swapped_ternary": (cst.IfExp, swapped_ternary),
    "negated_ternary": (cst.IfExp, negated_test),
    "negated_if": (cst.If, negated_test),
    "negated_filter": (cst.CompIf, negated_test),
    "slice_edge": (cst.Slice, slice_edge),
    "slice_step": (cst.Slice, slice_step),
}
