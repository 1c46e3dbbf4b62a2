"""Finds checks written as a chain in JavaScript, as jest, vitest and chai have them.

For example ``expect(x).toBe(3)``, ``expect(x).to.equal(3)`` and ``x.should.eql(3)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_BEGIN = re.compile(
    r"""(?P<skip>//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
    r"|(?<![\w.$])expect\(|\.should\b",
    re.DOTALL,
)
_LINK = r"not|to|be|been|is|that|which|and|has|have|with|at|of|same|deep|own|resolves|rejects|eventually"
_CHAIN = re.compile(rf"(?P<links>(?:\s*\.\s*(?:{_LINK})\b(?!\())*)\s*(?P<dot>\.)\s*(?P<name>\w+)(?P<call>\(?)")
_NOT = re.compile(r"\s*\.\s*not\b")
_TAKES_THE_VALUE = frozenset(
    {"toBe", "toEqual", "toStrictEqual", "toHaveLength", "equal", "equals", "eq", "eql", "eqls", "lengthOf"}
)
"""Names whose first argument is what the value has to be, or how long."""


@dataclass(frozen=True)
class Chain:
    """A check: where it begins, and where the expected value's argument begins, if it has one and is not denied.

    ``denial`` is the edit (start, end, text) that makes it the contrary check.
    """

    start: int
    value: int | None
    denial: tuple[int, int, str]


def chains(text: str, argument_end: Callable[[int], int]) -> Iterator[Chain]:
    """Yield the chains of ``text``. ``argument_end`` returns the end of the argument that begins at a position."""
    for begin in _BEGIN.finditer(text):
        if begin["skip"] is not None:
            continue
        at = begin.end()
        while begin[0].endswith("(") and text[(end := argument_end(at)) : end + 1] == ",":
            at = end + 1
        at = argument_end(at) + 1 if begin[0].endswith("(") else at
        chain = _CHAIN.match(text, at)
        if chain is None:
            continue
        denied = _NOT.search(chain["links"])
        place = chain.start("links")
        takes_value = chain["call"] and chain["name"] in _TAKES_THE_VALUE and not denied
        yield Chain(
            start=begin.start(),
            value=chain.end() if takes_value else None,
            denial=(place + denied.start(), place + denied.end(), "")
            if denied
            else (chain.start("dot"), chain.start("dot"), ".not"),
        )
