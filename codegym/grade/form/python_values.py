"""Values that a Python test writes out, and edits that turn one into another of the same shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from random import Random

from codegym.grade.form.edit import Edit, Edits, Text
from codegym.grade.form.literal import MOST, others

_MAKES = frozenset(
    {"approx", "array", "bytearray", "date", "datetime", "dict", "frozenset", "list", "set", "timedelta", "tuple"}
)
"""What makes a value of its arguments, as all do whose names begin with a capital letter."""
_FILLING = {ast.List: "{}", ast.Tuple: "{},", ast.Dict: "{0}: {0}"}


def is_value(node: ast.expr | None) -> bool:
    """Return whether a value is written out: of literals, and of what is made of them."""
    if isinstance(node, ast.Dict):
        return all(map(is_value, (*node.keys, *node.values)))
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(map(is_value, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return (name in _MAKES or name[:1].isupper()) and all(map(is_value, node.args))
    return isinstance(node, ast.Constant)


def changed_values(text: Text, node: ast.expr, beside: Sequence[str], chance: Random) -> list[Edits]:
    """Return edits that make another value of one that is written out; none if ``node`` is no such value.

    ``beside`` are literals near it, as written, that may stand for one of its own.
    """
    if not is_value(node):
        return []
    leaves = [leaf for leaf in _leaves(node) if leaf.value is not None and leaf.value is not ...]
    chance.shuffle(leaves)
    leaves.sort(key=lambda leaf: isinstance(leaf.value, bool))
    ways = _exchanged(text, leaves, chance) if isinstance(node, ast.List | ast.Tuple) else []
    for leaf in leaves[:2]:
        written = text.of(leaf).decode()
        ways += [(Edit(*text.span(leaf), other),) for other in others(written, beside, chance)]
    return (ways or _filled(text, node))[: MOST + 1]


def _exchanged(text: Text, leaves: Sequence[ast.Constant], chance: Random) -> list[Edits]:
    """Return the edit that exchanges two different leaves of one kind."""
    for one in leaves[:1]:
        unlike = [each for each in leaves if type(each.value) is type(one.value) and each.value != one.value]
        if unlike:
            other = chance.choice(unlike)
            pair = [(one, other), (other, one)]
            return [tuple(Edit(*text.span(a), text.of(b).decode()) for a, b in pair)]
    return []


def _filled(text: Text, node: ast.expr) -> list[Edits]:
    """Return edits that make an empty value one that is not."""
    start, end = text.span(node)
    if isinstance(node, ast.Constant) and node.value is None:
        return [(Edit(start, end, "False"),)]
    filling = _FILLING.get(type(node), "")
    if not filling or end - start != 2:
        return []
    return [(Edit(start + 1, start + 1, filling.format(n)),) for n in range(MOST)]


def _leaves(node: ast.AST) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant):
        yield node
    below = {ast.Dict: "values", ast.Call: "args", ast.UnaryOp: "operand"}.get(type(node), "elts")
    children = getattr(node, below, [])
    for child in children if isinstance(children, list) else [children]:
        yield from _leaves(child)
