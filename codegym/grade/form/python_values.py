"""Makes edits that turn a value in a Python test into another value of the same shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from random import Random

from codegym.grade.form.edit import Edit, Edits, Text
from codegym.grade.form.literal import MOST, other_literals

_VALUE_MAKERS = frozenset(
    {"approx", "array", "bytearray", "date", "datetime", "dict", "frozenset", "list", "set", "timedelta", "tuple"}
)
"""Functions that make a value of their arguments. So does every class, which has a capital letter."""
_FIRST_ITEM = {ast.List: "{}", ast.Tuple: "{},", ast.Dict: "{0}: {0}"}


def is_value(node: ast.expr | None) -> bool:
    """Return whether ``node`` is a literal, or a container or an object that is made of literals."""
    if isinstance(node, ast.Dict):
        return all(map(is_value, (*node.keys, *node.values)))
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(map(is_value, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return (name in _VALUE_MAKERS or name[:1].isupper()) and all(map(is_value, node.args))
    return isinstance(node, ast.Constant)


def value_variants(text: Text, node: ast.expr, near: Sequence[str], chance: Random) -> list[Edits]:
    """Return variants with another value in the place of ``node``; none if it is not made of literals.

    ``near`` are literals around it, as written, that may be used as substitutes.
    """
    if not is_value(node):
        return []
    leaves = [leaf for leaf in _leaves(node) if leaf.value is not None and leaf.value is not ...]
    chance.shuffle(leaves)
    leaves.sort(key=lambda leaf: isinstance(leaf.value, bool))
    variants = _exchange_leaves(text, leaves, chance) if isinstance(node, ast.List | ast.Tuple) else []
    for leaf in leaves[:2]:
        written = text.source_of(leaf).decode()
        variants += [(Edit(*text.span(leaf), other),) for other in other_literals(written, near, chance)]
    return (variants or _fill_empty(text, node))[: MOST + 1]


def _exchange_leaves(text: Text, leaves: Sequence[ast.Constant], chance: Random) -> list[Edits]:
    """Return a variant in which two different literals of one type are exchanged; none if there are none."""
    for one in leaves[:1]:
        unlike = [each for each in leaves if type(each.value) is type(one.value) and each.value != one.value]
        if unlike:
            other = chance.choice(unlike)
            pair = [(one, other), (other, one)]
            return [tuple(Edit(*text.span(a), text.source_of(b).decode()) for a, b in pair)]
    return []


def _fill_empty(text: Text, node: ast.expr) -> list[Edits]:
    """Return variants in which an empty container has an item, or ``None`` is ``False``."""
    start, end = text.span(node)
    if isinstance(node, ast.Constant) and node.value is None:
        return [(Edit(start, end, "False"),)]
    item = _FIRST_ITEM.get(type(node), "")
    if not item or end - start != 2:
        return []
    return [(Edit(start + 1, start + 1, item.format(n)),) for n in range(MOST)]


def _leaves(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the literals that a value is made of, without the keys of dictionaries."""
    if isinstance(node, ast.Constant):
        yield node
    below = {ast.Dict: "values", ast.Call: "args", ast.UnaryOp: "operand"}.get(type(node), "elts")
    children = getattr(node, below, [])
    for child in children if isinstance(children, list) else [children]:
        yield from _leaves(child)
