"""Drafts of edits after which a function may do the same with more work."""

from __future__ import annotations

from collections.abc import Iterator

from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.draft import Draft, LocatedMutation, function_bounds
from codegym.foundry.repository.functions import source_functions
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Reach
from codegym.mutate import Mutation
from codegym.mutate.encoding import text_of_source
from codegym.mutate.slow import DIRECT_SLOWDOWNS, slowdowns

SLOWDOWN = "slowdown"
"""The name of the operator."""


def slow_drafts(project: Project, bounds: Bounds, reach: Reach) -> Iterator[Draft]:
    """Yield one draft per edit, in an order that is the same every time; at most one per function makes a task."""
    drafts = [
        draft for path in project.sources if path in reach.lines for draft in _of(project, path, bounds, reach)
    ]
    yield from sorted(drafts, key=lambda draft: (draft.kind not in DIRECT_SLOWDOWNS, draft.key))


def _of(project: Project, path: str, bounds: Bounds, reach: Reach) -> Iterator[Draft]:
    try:
        mutations = slowdowns(text_of_source(project.files[path].content))
    except (SyntaxError, RecursionError):
        return
    functions = source_functions([path], project.files)
    for mutation in mutations:
        extents = [f for f in functions if _is_in(mutation, f.name)]
        if len(extents) != 1 or extents[0].last - extents[0].first >= bounds.longest_function:
            continue
        function = extents[0]
        tests = reach.noticing(path, mutation.line, function.first, function.last)
        located = LocatedMutation(path, mutation, function.first, function.last, function.name)
        bounded = ((f"{SLOWDOWN} {located.place}", 1), *function_bounds([located], bounds))
        if tests:
            yield Draft(SLOWDOWN, (located,), tests, bounded)


def _is_in(mutation: Mutation, function: str) -> bool:
    return f"{mutation.function}.".startswith(f"{function}.")
