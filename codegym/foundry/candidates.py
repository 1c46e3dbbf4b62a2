"""Which of a package's thousands of mutations to try, in which order.

First one from every function, then a second, and so on; within a function every operator has its turn before
any has a second. So a suite that stops early still covers the whole package with bugs of all kinds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from codegym.digest import digest_json
from codegym.foundry.reach import Reach, source_paths
from codegym.foundry.recipe import Package, Recipe
from codegym.mutate import Mutation, functions, mutations
from codegym.tree import Files

_MOST_TESTS = 40
_OTHERS = 5


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


def candidates(package: Package, recipe: Recipe, files: Files, reach: Reach) -> list[Candidate]:
    """Return the mutations to try, in order."""
    found = [c for path in source_paths(package, files) for c in _of_file(path, files, recipe, reach)]
    turns: Counter[tuple[str, ...]] = Counter()
    ranked: list[tuple[int, str, Candidate]] = []
    for candidate in _by_operator(found):
        place = (candidate.path, candidate.mutation.function)
        ranked.append((turns[place], candidate.key, candidate))
        turns[place] += 1
    return [candidate for _, _, candidate in sorted(ranked, key=lambda r: r[:2])]


def is_hard(candidate: Candidate, recipe: Recipe) -> bool:
    """Return whether a candidate counts towards the recipe's share of hard ones."""
    return candidate.lines > recipe.long_function or not candidate.mutation.single_line


def _by_operator(found: list[Candidate]) -> list[Candidate]:
    turns: Counter[tuple[str, ...]] = Counter()
    ranked: list[tuple[int, str, Candidate]] = []
    for candidate in sorted(found, key=lambda c: c.key):
        place = (candidate.path, candidate.mutation.function, candidate.mutation.operator)
        ranked.append((turns[place], candidate.key, candidate))
        turns[place] += 1
    return [candidate for _, _, candidate in sorted(ranked, key=lambda r: r[:2])]


def _of_file(path: str, files: Files, recipe: Recipe, reach: Reach) -> Iterator[Candidate]:
    source = files[path].content.decode()
    extents = {name: (first, last) for name, first, last in functions(source)}

    @cache
    def tests(line: int, first: int, last: int) -> tuple[str, ...]:
        chosen = reach.near(path, line, first, last, _MOST_TESTS)
        return (*chosen, *reach.others(chosen, _OTHERS)) if chosen else ()

    for mutation in mutations(source):
        first, last = extents[mutation.function]
        if last - first >= recipe.longest_function or not first <= mutation.line <= last:
            continue
        noticing = tests(mutation.line, first, last)
        if noticing:
            yield Candidate(path, mutation, first, last, noticing)
