"""How likely is an edit to be the repair? A log-linear model of where faults are and what kind of slip they are.

The likelihood of an edit is the exponential of a sum: a weight for the operator that makes it, and weighted facts
about its line and its function (:func:`facts`). The weights were fitted to the train split of pyrepair by
``examples/fit_likelihood.py``, which prints the tables below; packages of its test split had no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log

from codegym.tool.compact.excerpt import Suspect

WEIGHTS = {
    "place": -0.1,
    "score": 2.17,
    "named": 1.23,
    "behind": 1.65,
    "below": -0.97,
    "hot": 1.26,
    "crowd": -0.12,
    "share": 2.44,
    "passing": -0.5,
    "cold": 0.45,
    "size": -0.8,
    "raises": -1.79,
}

KINDS = {
    "arithmetic": -5.07,
    "boolean": -5.75,
    "boundary": -5.15,
    "builtin": -5.58,
    "comparison": -5.85,
    "dropped_break": -3.72,
    "index_boundary": -6.56,
    "integer": -6.09,
    "method": -5.81,
    "range_boundary": -4.56,
    "slice_boundary": -4.63,
    "string": -8.2,
    "swapped_arguments": -5.31,
    "swapped_operands": -4.6,
    "swapped_ternary": -5.74,
    "truth": -4.02,
    "wrong_argument": -6.11,
    "wrong_attribute": -7.75,
    "wrong_comparand": -5.79,
    "wrong_exception": -5.06,
    "wrong_index": -5.24,
    "wrong_iterable": -5.78,
    "wrong_operand": -5.41,
    "wrong_result": -5.02,
    "wrong_value": -5.5,
}
"""Weights of operators. Edits by operators that are not named here are hardly ever the repair."""

_COLD = (0.0, 0.0, 0)


def facts(suspects: Sequence[Suspect], place: int, line: int, text: str) -> dict[str, float]:
    """Return what is known of line ``line``, which reads ``text``, of the function ``suspects[place]``.

    ``place``: how far down the list the function stands (logarithm). ``score``: the line's Ochiai score;
    ``named``: the function's, raised where tests are named after it. ``behind``: how much less suspicious it is
    than the first. ``below``: how much less suspicious the line is than the function's most suspicious one.
    ``hot``: whether it is as suspicious; ``crowd``: how many lines are (logarithm). ``share``: of the failing
    tests that run the line. ``passing``: tests that run it and pass (logarithm). ``cold``: no failing test runs
    it. ``size``: the function's lines that failing tests run (logarithm). ``raises``: the line raises an error.
    """
    suspect = suspects[place]
    spectrum = {int(number): rest for number, *rest in suspect.ran}
    score, share, passing = spectrum.get(line, _COLD)
    return {
        "place": log(place + 1),
        "score": score,
        "named": suspect.score,
        "behind": suspect.score - suspects[0].score,
        "below": score - max((found for found, _, _ in spectrum.values()), default=0.0),
        "hot": float(line in suspect.hot),
        "crowd": log(max(1, len(suspect.hot))),
        "share": share,
        "passing": log(1 + passing),
        "cold": float(line not in spectrum),
        "size": log(max(1, len(spectrum))),
        "raises": float("raise " in text),
    }


def likelihoods(suspects: Sequence[Suspect]) -> list[Callable[[int, str, str], float]]:
    """Return, for each suspect, a function of (line, its text, operator): the logarithm of a likelihood."""

    def of(place: int) -> Callable[[int, str, str], float]:
        def found(line: int, text: str, kind: str) -> float:
            known = facts(suspects, place, line, text)
            return KINDS[kind] + sum(WEIGHTS[name] * value for name, value in known.items())

        return found

    return [of(place) for place in range(len(suspects))]
