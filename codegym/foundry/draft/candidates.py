"""Which of a package's thousands of mutations to try, in which order.

First comes one mutation of every function, then a second one, and so on. Within a function, mistakes in state,
resources and order, which few places allow, take turns with the others, and first comes one of every operator. So
a suite that stops early still covers the whole package with bugs of all kinds. Functions that the tests call
themselves, and functions that they only reach through others, take turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from codegym.digest import digest_json
from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.repository.calls import DIRECT, CallGraph
from codegym.foundry.repository.reach import Reach
from codegym.mutate import RARE, Mutation, scan
from codegym.mutate.encoding import text_of_source
from codegym.tree import Files

T = TypeVar("T")


@dataclass(frozen=True)
class Candidate:
    """A mutation of one file, the first and last line of its function, and the tests that may notice it.

    ``outermost`` is the function that contains its function and is in no other.
    """

    path: str
    mutation: Mutation
    first: int
    last: int
    tests: tuple[str, ...]
    outermost: str = ""

    @property
    def place(self) -> str:
        """The file and the outermost function."""
        return f"{self.path} {self.outermost or self.mutation.function}"

    @property
    def lines(self) -> int:
        """How many lines the function has."""
        return self.last - self.first + 1

    @property
    def key(self) -> str:
        """A digest of the place and the text of the bug."""
        m = self.mutation
        return digest_json([self.path, m.start, m.end, m.new])


def candidates(
    sources: Iterable[str], bounds: Bounds, files: Files, reach: Reach, graph: CallGraph
) -> list[Candidate]:
    """Return the mutations of the files ``sources`` to try, in order."""
    reached = [path for path in sources if path in reach.lines]
    everything = [candidate for path in reached for candidate in _of_file(path, files, bounds, reach)]
    by_operator = _interleaved(
        sorted(everything, key=lambda c: c.key),
        lambda c: (c.path, c.mutation.function, c.mutation.operator),
    )
    by_family = _interleaved(
        by_operator, lambda c: (c.path, c.mutation.function, "rare" if c.mutation.operator in RARE else "")
    )
    by_function = _interleaved(by_family, lambda c: (c.path, c.mutation.function))
    far = {candidate for candidate in by_function if is_far(graph, candidate.place, candidate.tests)}
    return list(
        alternated(
            (candidate for candidate in by_function if candidate in far),
            (candidate for candidate in by_function if candidate not in far),
        )
    )


def is_far(graph: CallGraph, place: str, tests: Iterable[str]) -> bool:
    """Return whether ``tests`` call the function at ``place`` only through other functions."""
    distance = graph.distance(place, tests)
    return distance is not None and distance > DIRECT


def alternated(one: Iterable[T], other: Iterable[T]) -> Iterator[T]:
    """Yield the first of ``one``, the first of ``other``, the second of ``one`` and so on, then what is left."""
    turns = [iter(one), iter(other)]
    while turns:
        turn = turns.pop(0)
        for item in turn:
            yield item
            turns.append(turn)
            break


def is_hard(candidate: Candidate, bounds: Bounds) -> bool:
    """Return whether a candidate counts towards the share of hard ones."""
    return candidate.lines > bounds.long_function or not candidate.mutation.single_line


def _interleaved(
    ordered: Iterable[Candidate], group_of: Callable[[Candidate], tuple[str, ...]]
) -> list[Candidate]:
    """Return the first candidate of every group, then the second of every group, and so on; ties by key."""
    turns: Counter[tuple[str, ...]] = Counter()
    ranked: list[tuple[int, str, Candidate]] = []
    for candidate in ordered:
        group = group_of(candidate)
        ranked.append((turns[group], candidate.key, candidate))
        turns[group] += 1
    return [candidate for _, _, candidate in sorted(ranked, key=lambda r: r[:2])]


def _of_file(path: str, files: Files, bounds: Bounds, reach: Reach) -> Iterator[Candidate]:
    """Yield the mutations of one file that some test may notice; none if the file is no Python."""
    try:
        mutations, functions = scan(text_of_source(files[path].content))
    except (SyntaxError, RecursionError):
        return
    extents = {name: (first, last) for name, first, last in functions}

    @cache
    def noticing(line: int, first: int, last: int) -> tuple[str, ...]:
        return reach.noticing(path, line, first, last)

    for mutation in mutations:
        first, last = extents[mutation.function]
        if last - first >= bounds.longest_function or not first <= mutation.line <= last:
            continue
        tests = noticing(mutation.line, first, last)
        if tests:
            yield Candidate(path, mutation, first, last, tests, _outermost(mutation.function, extents))


def _outermost(function: str, functions: Collection[str]) -> str:
    """Return the first of ``functions`` on the way to ``function``, such as ``f`` for ``f.inner``."""
    parts = function.split(".")
    prefixes = (".".join(parts[:count]) for count in range(1, len(parts)))
    return next((prefix for prefix in prefixes if prefix in functions), function)
