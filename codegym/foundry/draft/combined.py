"""Drafts of several mutations that are to be repaired together, in one file or in two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from codegym.digest import digest_json
from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.candidates import alternated
from codegym.foundry.draft.draft import Draft, LocatedMutation, function_bounds
from codegym.foundry.draft.trial import Trial
from codegym.foundry.draft.try_drafts import TriedDraft
from codegym.foundry.repository.calls import CallGraph

PART_IS_ENOUGH = "a part of the repair is enough"
"""Why a combined draft makes no task: with one mutation alone, every test passes."""
_PER_FILES = 4
"""Combined tasks of the same files and with the same number of mutations."""
_MOST_USES = 2
"""Drafts across two files that one mutation may be part of."""


def combined_drafts(
    noticed: Sequence[TriedDraft], bounds: Bounds, *, graph: CallGraph, most: int
) -> Iterator[Draft]:
    """Yield drafts of two or three mutations in different functions, alternately across two files and in one.

    ``noticed`` are drafts of one mutation that make tasks by themselves. ``most`` is the number of tasks to make;
    a kind of mutation may be in twice as many of them as it may be in alone.
    """
    share = 2 * max(2, int(most * bounds.operator_share))
    for group in alternated(_across_files(noticed, graph), _within_a_file(noticed)):
        mutations = tuple(located for tried in group for located in tried.draft.mutations)
        tests = tuple(dict.fromkeys(test for tried in group for test in tried.draft.tests))
        yield Draft("combined", mutations, tests, tuple(_bounded(mutations, bounds, share)))


def parts_alone(draft: Draft) -> list[Draft]:
    """Return one draft per mutation of ``draft``: the other mutations are repaired."""
    return [replace(draft, mutations=(located,)) for located in draft.mutations]


def why_not_whole(draft: Draft, try_draft: Callable[[Draft], Trial]) -> str:
    """Return why ``draft`` makes no task if a part of its repair makes all tests pass, or an empty text.

    So each mutation is needed: either a test fails with every one of them, or they have different symptoms.
    """
    for part in parts_alone(draft):
        trial = try_draft(part)
        if trial.refused:
            return PART_IS_ENOUGH if trial.refused == "unnoticed" else trial.refused
    return ""


def _bounded(mutations: Sequence[LocatedMutation], bounds: Bounds, share: int) -> Iterator[tuple[str, int]]:
    paths = " ".join(sorted({located.path for located in mutations}))
    yield f"{paths} {len(mutations)}", _PER_FILES
    yield from function_bounds(mutations, bounds)
    yield from ((kind, share) for kind in dict.fromkeys(located.mutation.operator for located in mutations))


def _across_files(noticed: Sequence[TriedDraft], graph: CallGraph) -> Iterator[tuple[TriedDraft, ...]]:
    """Yield pairs from two files: first those of which one calls the other, then by the tests that both break."""

    def rank(pair: tuple[TriedDraft, TriedDraft]) -> tuple[bool, int, str]:
        one, other = pair
        places = [tried.draft.mutations[0].place for tried in pair]
        both = {*one.trial.failed} & {*other.trial.failed}
        return not graph.are_linked(*places), -len(both), digest_json([one.draft.key, other.draft.key])

    pairs = [pair for pair in combinations(noticed, 2) if len({t.draft.mutations[0].path for t in pair}) == 2]
    uses = Counter[str]()
    for pair in sorted(pairs, key=rank):
        keys = [tried.draft.key for tried in pair]
        if all(uses[key] < _MOST_USES for key in keys):
            uses.update(keys)
            yield pair


def _within_a_file(noticed: Sequence[TriedDraft]) -> Iterator[tuple[TriedDraft, ...]]:
    """Yield groups of two, then of three mutations in different functions of one file."""
    by_path: dict[str, list[TriedDraft]] = {}
    for tried in noticed:
        by_path.setdefault(tried.draft.mutations[0].path, []).append(tried)
    for size in (2, 3):
        for path in sorted(by_path):
            unused = sorted(by_path[path], key=lambda tried: digest_json([tried.draft.key, size]))
            while len(group := _one_per_function(unused, size)) == size:
                yield group
                unused = [tried for tried in unused if tried not in group]


def _one_per_function(noticed: Iterable[TriedDraft], size: int) -> tuple[TriedDraft, ...]:
    by_function: dict[str, TriedDraft] = {}
    for tried in noticed:
        by_function.setdefault(tried.draft.mutations[0].place, tried)
    return tuple(by_function.values())[:size]
