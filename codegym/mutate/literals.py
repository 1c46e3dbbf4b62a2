"""Mistakes in constants: one for zero, true for false, a forgotten separator."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from codegym.mutate.site import Operator, Site, TextEdit

_LONGEST_STRING = 24
"""Characters of a string, with its quotes, that is short enough to be mistaken."""


def integer(node: cst.Integer, site: Site) -> Iterator[TextEdit]:
    """Write another small number."""
    value = node.evaluated_value
    if node.value.isdigit():
        yield from site.text.replace(node, {0: "1", 1: "0"}.get(value, str(value + 1)))
    if node.value.isdigit() and value == 1:
        yield from site.text.replace(node, "2")


def fraction(node: cst.Float, site: Site) -> Iterator[TextEdit]:
    """Write another small number with a point."""
    whole, point, digits = node.value.partition(".")
    if point and whole.isdigit() and digits.isdigit():
        yield from site.text.replace(node, f"{int(whole) + 1}.{digits}")


def truth(node: cst.Name, site: Site) -> Iterator[TextEdit]:
    """Write ``False`` for ``True``, or ``True`` for ``False``."""
    other = {"True": "False", "False": "True"}.get(node.value)
    if other:
        yield from site.text.replace(node, other)


def string(node: cst.SimpleString, site: Site) -> Iterator[TextEdit]:
    """Empty a short string, or write a space into an empty one."""
    quote = node.quote
    if len(quote) > 1 or len(node.value) > _LONGEST_STRING:
        return
    yield from site.text.replace(node, f"{node.prefix}{quote}{'' if node.raw_value else ' '}{quote}")


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "integer": (cst.Integer, integer),
    "fraction": (cst.Float, fraction),
    "truth": (cst.Name, truth),
    "string": (cst.SimpleString, string),
}
