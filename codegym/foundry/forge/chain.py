"""Chains: several small tasks in one repository at once, for long episodes with credit on the way.

A chain is resolved when all of it is. Its parts have verdicts of their own, from the same run
(:mod:`codegym.reward.subtasks`): each part names the fail-to-pass tests that only its repair makes pass. A chain
is only made where that is true, tried part by part.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.trial import Trial
from codegym.task import Task

Part = tuple[Task, Draft]
"""A certified task and what it was made from."""


def chain_drafts(parts: Sequence[Part], most: int) -> Iterator[tuple[Draft, list[Part]]]:
    """Yield chains of three to five parts: other functions, other tests; each part is in two chains at most."""
    used: dict[str, int] = {}
    for number in range(4 * most):
        shuffled = sorted(parts, key=lambda part: (used.get(part[0].id, 0), part[0].id))
        random.Random(number).shuffle(shuffled)  # noqa: S311 - the same chains every time
        chosen = _apart([part for part in shuffled if used.get(part[0].id, 0) < 2], 3 + number % 3)
        if len(chosen) < 3:
            return
        used.update({task.id: used.get(task.id, 0) + 1 for task, _ in chosen})
        yield _draft(chosen), chosen


def subtasks_of(
    chain: Draft, parts: Sequence[Part], whole: Trial, tried: Callable[[Draft], Trial]
) -> dict[str, list[str]]:
    """Return, by the id of each part, the tests that pass again when it alone is repaired; empty if one has none.

    ``whole`` is what the chain does, ``tried`` runs its tests with less of it.
    """
    found: dict[str, list[str]] = {}
    for task, draft in parts:
        left = replace(chain, places=tuple(place for place in chain.places if place not in draft.places))
        trial = tried(left)
        passing = [test for test in whole.failed if test in trial.passed]
        if trial.refused or not passing:
            return {}
        found[task.id] = passing
    return found


def _apart(parts: Sequence[Part], most: int) -> list[Part]:
    chosen: list[Part] = []
    functions: set[tuple[str, str]] = set()
    tests: set[str] = set()
    for task, draft in parts:
        here = {(place.path, place.mutation.function.partition(".")[0]) for place in draft.places}
        if here & functions or tests & {*task.tests.fail_to_pass}:
            continue
        chosen.append((task, draft))
        functions |= here
        tests |= {*task.tests.fail_to_pass}
        if len(chosen) == most:
            break
    return chosen


def _draft(parts: Sequence[Part]) -> Draft:
    places = tuple(place for _, draft in parts for place in draft.places)
    named = (test for task, _ in parts for test in (*task.tests.fail_to_pass, *task.tests.pass_to_pass))
    return Draft("chain", places, tuple(dict.fromkeys(named)), of=tuple(task.id for task, _ in parts))
