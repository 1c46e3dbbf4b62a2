"""Drafts of functions without their bodies. A near-copy of such a function is removed with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.draft import Draft, LocatedMutation, function_bounds
from codegym.foundry.draft.twins import Twins
from codegym.foundry.repository.functions import source_functions
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Reach
from codegym.mutate.encoding import text_of_source
from codegym.mutate.removal import removals

TWIN_REMAINS = "its twin remains"
"""Why a removal is not tried: the package has a near-copy that can't be removed too."""
_MOST_TWINS = 3
"""Twins that are removed with a function. With more, the task would be to write one body again and again."""


@dataclass(frozen=True)
class _Removal:
    """The removal of one body, and the tests that may notice it (empty: unknown, or none)."""

    located: LocatedMutation
    tests: tuple[str, ...]


def removal_drafts(project: Project, bounds: Bounds, reach: Reach | None) -> Iterator[Draft]:
    """Yield one draft per function whose body can be removed, in an order that does not depend on its length.

    In Python, the near-copies of the function are removed with it.
    """
    removals_of = {
        removal.located.place: removal
        for path in project.sources
        for removal in _removals(project, bounds, reach, path)
    }
    twins = Twins(source_functions(project.sources, project.files) if project.language == "python" else ())
    noticed = [removal for removal in removals_of.values() if removal.tests or not reach]
    for removal in sorted(noticed, key=lambda removal: _draft([removal], bounds).key):
        others = twins.of(removal.located.place)
        removable = [removals_of[other.place] for other in others if other.place in removals_of]
        remains = len(removable) < len(others) or len(others) > _MOST_TWINS
        yield _draft([removal, *removable], bounds, TWIN_REMAINS if remains else "")


def _draft(removed: Sequence[_Removal], bounds: Bounds, objection: str = "") -> Draft:
    mutations = tuple(removal.located for removal in removed)
    tests = tuple(dict.fromkeys(test for removal in removed for test in removal.tests))
    once = [(f"removal {located.place}", 1) for located in mutations]
    bounded = (*once, *function_bounds(mutations, bounds))
    return Draft("removal", mutations, tests, bounded, objection=objection)


def _removals(project: Project, bounds: Bounds, reach: Reach | None, path: str) -> Iterator[_Removal]:
    try:
        removed = removals(text_of_source(project.files[path].content), project.language)
    except (SyntaxError, ValueError, RecursionError):
        return

    @cache
    def tests(first: int, last: int) -> tuple[str, ...]:
        return reach.noticing(path, first, first - 1, last) if reach else ()

    for mutation, last in removed:
        if last - mutation.line < bounds.longest_function:
            located = LocatedMutation(path, mutation, mutation.line, last)
            yield _Removal(located, tests(mutation.line, last))
