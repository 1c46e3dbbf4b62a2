"""Makes further calls of recorded ones: one of the literals is replaced by another.

Calls of a *like* kind have texts of the same shape and numbers of the same sign, so that documentation which
covers the recorded calls probably covers them too. Others try the edges: what is empty, doubled, negative or out
of order.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from codegym.syntax import parse_expression

_TRIES = 6
"""Variations of one call that are drawn."""


def varied_sources(sources: Sequence[str], most: int, chance: Random, *, alike: bool) -> list[str]:
    """Return up to ``most`` calls that differ from all ``sources``; with ``alike``, only calls of a like kind."""
    pool = [node.value for source in sources for node in _literals(parse_expression(source))]
    varied: dict[str, None] = {}
    for _ in range(_TRIES):
        for source in sources:
            varied.setdefault(_varied(source, pool, chance, alike=alike))
    drawn = [source for source in varied if source not in {*sources}]
    chance.shuffle(drawn)
    return drawn[:most]


def _varied(source: str, pool: Sequence[Any], chance: Random, *, alike: bool) -> str:
    """Return ``source`` with another literal, or with a list in another order; the same if it has neither."""
    tree = parse_expression(source)
    literals = list(_literals(tree))
    rows = [node for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1]
    if rows and (not literals or chance.random() < 1 / 4):
        row = chance.choice(rows)
        row.elts = row.elts[::-1] if chance.random() < 1 / 2 else row.elts[:-1] + row.elts[:1]
    elif literals:
        node = chance.choice(literals)
        node.value = _other(node.value, pool, chance, alike=alike or chance.random() < 1 / 2)
    return ast.unparse(tree)


def _literals(tree: ast.AST) -> Iterator[ast.Constant]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and _is_plain(node.value))


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bytes | int | float) and not isinstance(value, bool)


def _other(value: Any, pool: Sequence[Any], chance: Random, *, alike: bool) -> Any:
    """Return another value of the same type: one that was recorded elsewhere, or a change of this one."""
    others = [other for other in pool if type(other) is type(value) and other != value]
    if others and chance.random() < 1 / 3:
        return chance.choice(others)
    if isinstance(value, str):
        return _of_same_shape(value, chance) if alike else chance.choice(_edges(value))
    if isinstance(value, bytes):
        return _of_same_shape(value.decode("latin-1"), chance).encode("latin-1")
    sign = -1 if value < 0 else 1
    like = [value + sign, value + 7 * sign, 2 * value, value - sign if abs(value) > 1 else value + 2 * sign]
    return chance.choice(like if alike else [*like, -value, value - value])


def _of_same_shape(text: str, chance: Random) -> str:
    """Return ``text`` with another letter or digit of the same kind in place of one or two."""
    kinds = (ascii_lowercase, ascii_uppercase, digits)
    places = [place for place, character in enumerate(text) if any(character in kind for kind in kinds)]
    for place in chance.sample(places, min(len(places), chance.choice((1, 2)))):
        kind = next(kind for kind in kinds if text[place] in kind)
        text = text[:place] + chance.choice(kind) + text[place + 1 :]
    return text


def _edges(text: str) -> list[str]:
    middle = len(text) // 2
    parts = [text[:middle], text[middle:]]
    shorter = [text[:-1], text[1:], ""]
    return [*shorter, text[::-1], text.swapcase(), text + text[-1:], " ".join(parts), f"{text} {text}"]
