"""Which of a package's thousands of mutations to try, in which order.

First one from every function, then a second, and so on; within a function every operator has its turn before
any has a second. So a suite that stops early still covers the whole package with bugs of all kinds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from codegym.digest import digest_json
from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.repository.reach import Reach
from codegym.mutate import Mutation, scan
from codegym.mutate.encoding import text_of_source
from codegym.tree import Files


@dataclass(frozen=True)
class Candidate:
    """A mutation of one file, the extent of its function, and the tests that could notice it."""

    path: str
    mutation: Mutation
    first: int
    last: int
    tests: tuple[str, ...]

    @property
    def lines(self) -> int:
        """How many lines the function has."""
        return self.last - self.first + 1

    @property
    def key(self) -> str:
        """A digest of the place and the text of the bug."""
        m = self.mutation
        return digest_json([self.path, m.start, m.end, m.new])


def candidates(sources: Iterable[str], bounds: Bounds, files: Files, reach: Reach) -> list[Candidate]:
    """Return the mutations of ``sources`` to try, in order."""
    reached = [path for path in sources if path in reach.lines]
    found = [candidate for path in reached for candidate in _of_file(path, files, bounds, reach)]
    turns: Counter[tuple[str, ...]] = Counter()
    ranked: list[tuple[int, str, Candidate]] = []
    for candidate in _by_operator(found):
        place = (candidate.path, candidate.mutation.function)
        ranked.append((turns[place], candidate.key, candidate))
        turns[place] += 1
    return [candidate for _, _, candidate in sorted(ranked, key=lambda r: r[:2])]


def is_hard(candidate: Candidate, bounds: Bounds) -> bool:
    """Return whether a candidate counts towards the share of hard ones."""
    return candidate.lines > bounds.long_function or not candidate.mutation.single_line


def _by_operator(found: list[Candidate]) -> list[Candidate]:
    turns: Counter[tuple[str, ...]] = Counter()
    ranked: list[tuple[int, str, Candidate]] = []
    for candidate in sorted(found, key=lambda c: c.key):
        place = (candidate.path, candidate.mutation.function, candidate.mutation.operator)
        ranked.append((turns[place], candidate.key, candidate))
        turns[place] += 1
    return [candidate for _, _, candidate in sorted(ranked, key=lambda r: r[:2])]


def _of_file(path: str, files: Files, bounds: Bounds, reach: Reach) -> Iterator[Candidate]:
    try:
        found, functions = scan(text_of_source(files[path].content))
    except (SyntaxError, RecursionError):
        return
    extents = {name: (first, last) for name, first, last in functions}

    @cache
    def tests(line: int, first: int, last: int) -> tuple[str, ...]:
        return reach.noticing(path, line, first, last)

    for mutation in found:
        first, last = extents[mutation.function]
        if last - first >= bounds.longest_function or not first <= mutation.line <= last:
            continue
        noticing = tests(mutation.line, first, last)
        if noticing:
            yield Candidate(path, mutation, first, last, noticing)
