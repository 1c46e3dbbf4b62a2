"""Symptoms of a bug: calls whose outcome differs between the tree without the bug and the tree with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegym.foundry.record.call import RecordedCall
from codegym.harness.text import steady

_LONG = 240
"""Characters of a call and its outcome; longer ones are not read with pleasure."""
_TOO_LONG = 1200
"""Characters of a call and its outcome that no report shows."""


@dataclass(frozen=True)
class Symptom:
    """One call with the outcome that a user expects, and with the one that comes."""

    expected: RecordedCall
    actual: RecordedCall

    @property
    def is_clear(self) -> bool:
        """Whether the two outcomes differ in what a text can say."""
        raised = {"raised"} & {self.expected.kind, self.actual.kind}
        written = self.expected.is_written and self.actual.is_written
        return plain_outcome(self.expected) != plain_outcome(self.actual) and bool(raised or written)


def candidates(right: Sequence[RecordedCall], wrong: Sequence[RecordedCall]) -> list[Symptom]:
    """Return the calls that were recorded in both trees with different outcomes, the best to report first.

    Left out are calls that nobody outside of the package makes, that can't be written, or that have several
    outcomes in the same tree.
    """
    before, after = _steady_outcomes(right), _steady_outcomes(wrong)
    symptoms = [Symptom(before[key], after[key]) for key in before if key in after]
    clear = [symptom for symptom in symptoms if symptom.is_clear and _size(symptom) <= _TOO_LONG]
    return sorted(clear, key=_cost)


def plain_outcome(call: RecordedCall) -> tuple[str, ...]:
    """Return what came of a call, without what differs from run to run, such as addresses."""
    return tuple(steady(part) for part in call.outcome)


def _steady_outcomes(calls: Sequence[RecordedCall]) -> dict[tuple[str, ...], RecordedCall]:
    """Map each written direct call to its record, if it has only one outcome."""
    outcomes: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    by_key: dict[tuple[str, ...], RecordedCall] = {}
    for key, call in _keyed(calls):
        outcomes.setdefault(key, set()).add(plain_outcome(call))
        by_key.setdefault(key, call)
    return {key: call for key, call in by_key.items() if len(outcomes[key]) == 1}


def _keyed(calls: Sequence[RecordedCall]) -> Iterator[tuple[tuple[str, ...], RecordedCall]]:
    for call in calls:
        if call.direct and call.source:
            yield (*call.setup, call.source), call


def _cost(symptom: Symptom) -> int:
    """Return how much speaks against reporting a symptom: private names, a setup, values that can't be shown."""
    expected = symptom.expected
    cost = 8 * is_private(expected.name) + min(len(expected.setup), 3)
    cost += 3 * (_size(symptom) > _LONG)
    return cost + 4 * (not expected.is_written) + 4 * (not symptom.actual.is_written)


def _size(symptom: Symptom) -> int:
    call = symptom.expected
    return sum(map(len, (*call.setup, call.source, call.value, symptom.actual.value)))


def is_private(name: str) -> bool:
    """Return whether a dotted name has a part that begins with an underscore, or is empty."""
    parts = name.split(".")
    return not name or any(part.startswith("_") and not part.endswith("__") for part in parts)
