"""Finds near-copies of a function in its package. As long as one remains, a removed body is there to be copied."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from codegym.foundry.repository.functions import SourceFunction

LEAST_SHARE = 0.85
"""The share of a body's tokens that a twin has in the same order. An asynchronous copy, whose calls have other
names, has about nine tenths; functions that only have the same shape share about half."""
_FEWEST_TOKENS = 25
"""Tokens of a body (about three lines). A shorter one has a twin only if all of its tokens are there."""
_TOO_SHORT = 12
"""Tokens of a body (one plain call) below which there is nothing to copy."""
_SHORTEST_RUN = 6
"""Equal tokens in a row that count. Fewer, such as those of one call, are equal by accident."""
_SYNCHRONOUS = {"AsyncFor": "For", "AsyncWith": "With", "AsyncFunctionDef": "FunctionDef"}


@dataclass(frozen=True)
class _Body:
    """A function and the tokens of its body."""

    function: SourceFunction
    tokens: tuple[str, ...]


class Twins:
    """The functions of one package, to be compared with each other."""

    def __init__(self, functions: Sequence[SourceFunction]) -> None:
        self._functions = functions

    @cached_property
    def _bodies(self) -> dict[str, _Body]:
        bodies = (_Body(function, tuple(_tokens(function))) for function in self._functions)
        return {body.function.place: body for body in bodies}

    def of(self, place: str) -> list[SourceFunction]:
        """Return the functions whose bodies contain most of the body of the function at ``place``."""
        if place not in self._bodies:
            return []
        one = self._bodies[place].tokens
        others = (body for name, body in self._bodies.items() if name != place)
        return [other.function for other in others if _contains(other.tokens, one)]


def _contains(whole: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Return whether the tokens of ``part`` are in ``whole`` in order, except a few."""
    least = len(part) * LEAST_SHARE if len(part) >= _FEWEST_TOKENS else len(part)
    if len(part) < _TOO_SHORT or len(whole) < least:
        return False
    matcher = SequenceMatcher(None, whole, part, autojunk=False)
    if matcher.quick_ratio() * (len(whole) + len(part)) / 2 < least:
        return False
    blocks = matcher.get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= min(_SHORTEST_RUN, len(part))) >= least


def _tokens(function: SourceFunction) -> Iterator[str]:
    """Yield the tokens of a body: types of nodes, constants, and names, but the same for each local variable."""
    arguments = {node.arg for node in ast.walk(function.node.args) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(function.node) if isinstance(node, ast.Name)]
    local = {node.id for node in names if isinstance(node.ctx, ast.Store)} | arguments - {"self", "cls"}
    for statement in function.body:
        yield from _of_node(statement, local)


def _of_node(node: ast.AST, local: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Await):
        yield from _of_node(node.value, local)
        return
    kind = type(node).__name__
    yield _SYNCHRONOUS.get(kind, kind)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "ctx", "type_comment", "kind"):
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield from _of_node(item, local)
            elif item is not None:
                yield "local" if item in local and isinstance(node, ast.Name | ast.arg) else repr(item)
