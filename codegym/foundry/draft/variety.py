"""Keeps the tasks of one suite different from each other, whichever operators make them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.trial import Trial

ALIKE = "alike"
"""Why a draft is passed over: as many tasks as a bound allows have its function, its kind or its file."""
DUPLICATE = "duplicate"
"""Why a draft makes no task after its trial: another task has the same functions and behaves equally."""


class Variety:
    """Counts how often each bounded key of the accepted drafts was used, and compares what their bugs do.

    One object serves all operators of a suite, so that a bound holds over all of them. It is not locked: callers
    that share it between threads call it under a lock of their own.
    """

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()
        self._symptoms: dict[frozenset[str], list[Mapping[str, str]]] = {}

    def objection(self, draft: Draft) -> str:
        """Return why ``draft`` is not worth a trial, or an empty text."""
        if draft.objection:
            return draft.objection
        return "" if all(self._used[key] < bound for key, bound in draft.bounds) else ALIKE

    def admit(self, draft: Draft, trial: Trial) -> str:
        """Accept ``draft`` and return an empty text, or return why it is refused. Its ``trial`` makes a task."""
        objection = self.objection(draft)
        if objection:
            return objection
        symptoms = trial.symptom_of_test()
        earlier = self._symptoms.setdefault(frozenset(located.place for located in draft.mutations), [])
        if any(_are_equal(symptoms, other) for other in earlier):
            return DUPLICATE
        earlier.append(symptoms)
        self._used.update(key for key, _ in draft.bounds)
        return ""


def _are_equal(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether two bugs do the same to all tests that both were tried with, and break one of them.

    Each maps the tests that a bug was tried with to its symptom, which is empty for a test that passes.
    """
    both = one.keys() & other.keys()
    return any(one[test] for test in both) and all(one[test] == other[test] for test in both)
