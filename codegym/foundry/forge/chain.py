"""Chains: several small tasks of one repository as a single task, for long episodes with credit on the way.

A chain is resolved when all its parts are. Each part has a verdict of its own from the same run of tests
(:mod:`codegym.reward.subtasks`), by the fail-to-pass tests that only its repair makes pass. A chain is made only
if every part has such tests, which is tried part by part.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.draft import Draft, function_bounds
from codegym.foundry.draft.trial import Trial
from codegym.foundry.holdout.hidden import Hidden, united
from codegym.task import Task

_FEWEST = 3
"""Parts of a chain; with fewer it would be no longer than a combined bug."""
_MOST_USES = 2
"""Chains that one task may be part of."""


@dataclass(frozen=True)
class ChainPart:
    """A certified task, the draft that it was made from, and what it hides."""

    task: Task
    draft: Draft
    hidden: Hidden


def chain_drafts(parts: Sequence[ChainPart], most: int) -> Iterator[tuple[Draft, list[ChainPart]]]:
    """Yield chains of three to five ``parts`` each, with those parts.

    Parts of one chain are in different functions and break different tests. At most four times ``most`` chains are
    yielded, since some of them fail their trials.
    """
    uses: dict[str, int] = {}
    for number in range(4 * most):
        shuffled = sorted(parts, key=lambda part: (uses.get(part.task.id, 0), part.task.id))
        random.Random(number).shuffle(shuffled)  # noqa: S311 - the same chains every time
        free = [part for part in shuffled if uses.get(part.task.id, 0) < _MOST_USES]
        chosen = _independent(free, _FEWEST + number % 3)
        if len(chosen) < _FEWEST:
            return
        uses.update({part.task.id: uses.get(part.task.id, 0) + 1 for part in chosen})
        yield _draft(chosen), chosen


def subtasks_of(
    chain: Draft, parts: Sequence[ChainPart], whole: Trial, try_draft: Callable[[Draft], Trial]
) -> dict[str, list[str]]:
    """Map the id of each part to the tests that pass again when only that part is repaired.

    ``whole`` is the trial of the chain; ``try_draft`` runs the chain's tests without one part. Returns an empty
    map if the repair of some part makes no test pass, or breaks the run.
    """
    subtasks: dict[str, list[str]] = {}
    for part in parts:
        left = tuple(located for located in chain.mutations if located not in part.draft.mutations)
        trial = try_draft(replace(chain, mutations=left))
        passing = [test for test in whole.failed if test in trial.passed]
        if trial.refused or not passing:
            return {}
        subtasks[part.task.id] = passing
    return subtasks


def _independent(parts: Sequence[ChainPart], most: int) -> list[ChainPart]:
    """Return the first ``most`` parts that share neither a function (or class) nor a test with an earlier one."""
    chosen: list[ChainPart] = []
    functions: set[tuple[str, str]] = set()
    tests: set[str] = set()
    for part in parts:
        changed = {(located.path, located.mutation.function.partition(".")[0]) for located in part.draft.mutations}
        broken = {*part.task.tests.fail_to_pass}
        if changed & functions or tests & broken:
            continue
        chosen.append(part)
        functions |= changed
        tests |= broken
        if len(chosen) == most:
            break
    return chosen


def _draft(parts: Sequence[ChainPart]) -> Draft:
    mutations = tuple(located for part in parts for located in part.draft.mutations)
    tests = (test for part in parts for test in part.task.tests.deciding)
    ids = tuple(part.task.id for part in parts)
    hidden = united(part.hidden for part in parts)
    bounded = tuple(function_bounds(mutations, Bounds()))
    return Draft("chain", mutations, tuple(dict.fromkeys(tests)), bounded, ids, hidden)
