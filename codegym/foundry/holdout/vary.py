"""Makes further calls of recorded ones: some of the literals are replaced by others."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

_TRIES = 6
"""Variations of one call that are drawn."""


def varied_sources(sources: Sequence[str], most: int, chance: Random) -> list[str]:
    """Return up to ``most`` calls that differ from all ``sources`` in one literal; deterministic by ``chance``."""
    pool = [node.value for source in sources for node in _literals(ast.parse(source, mode="eval"))]
    varied: dict[str, None] = {}
    for _ in range(_TRIES):
        for source in sources:
            varied.setdefault(_varied(source, pool, chance))
    drawn = [source for source in varied if source not in {*sources}]
    chance.shuffle(drawn)
    return drawn[:most]


def _varied(source: str, pool: Sequence[Any], chance: Random) -> str:
    """Return ``source`` with another literal, or with a list in another order; the same if it has neither."""
    tree = ast.parse(source, mode="eval")
    literals = list(_literals(tree))
    rows = [node for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1]
    if rows and (not literals or chance.random() < 1 / 4):
        row = chance.choice(rows)
        row.elts = row.elts[::-1] if chance.random() < 1 / 2 else row.elts[:-1] + row.elts[:1]
    elif literals:
        node = chance.choice(literals)
        node.value = _other(node.value, pool, chance)
    return ast.unparse(tree)


def _literals(tree: ast.AST) -> Iterator[ast.Constant]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and _is_plain(node.value))


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bytes | int | float) and not isinstance(value, bool)


def _other(value: Any, pool: Sequence[Any], chance: Random) -> Any:
    """Return another value of the same type: one that was recorded elsewhere, or a change of this one."""
    alike = [other for other in pool if type(other) is type(value) and other != value]
    if alike and chance.random() < 1 / 3:
        return chance.choice(alike)
    if isinstance(value, str):
        return chance.choice(_texts(value))
    if isinstance(value, bytes):
        return value[::-1] if chance.random() < 1 / 2 else value + value[:1]
    if isinstance(value, int | float):
        return chance.choice([value + 1, value - 1, -value, 2 * value, value + 7, value - value])
    return value


def _texts(text: str) -> list[str]:
    middle = len(text) // 2
    return [
        text[::-1],
        text.swapcase(),
        text[:-1],
        text[1:],
        text + text[-1:],
        f"{text[:middle]} {text[middle:]}",
        f"{text[:middle]}_{text[middle:]}",
        f"{text}{len(text)}",
        f"{text} {text}",
        "",
    ]
