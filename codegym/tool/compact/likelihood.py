"""How likely is an edit to be the repair? A log-linear model of the place and the kind of a fault.

The likelihood of an edit is the exponential of a sum: the weight of its mutation operator, and the weighted facts
about its line and its function (:func:`facts`). ``examples/fit_likelihood.py`` fitted the weights to the train
split of pyrepair and printed the tables below; packages of the test split were not used.
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
"""The weights of mutation operators. Edits by other operators are hardly ever the repair."""

_COLD = (0.0, 0.0, 0)


def facts(suspects: Sequence[Suspect], place: int, line: int, text: str) -> dict[str, float]:
    """Return the facts about line ``line``, whose content is ``text``, of the function ``suspects[place]``.

    About the function: ``place``: its rank in the list (logarithm); ``named``: its score, raised if tests are
    named after it; ``behind``: how much lower that is than the first function's; ``crowd``: the number of its
    hottest lines (logarithm); ``size``: the number of its lines that failing tests run (logarithm).
    About the line: ``score``: its Ochiai score; ``below``: how much lower that is than the function's highest;
    ``hot``: whether it has the highest; ``share``: the share of the failing tests that run it; ``passing``: the
    number of passing tests that run it (logarithm); ``cold``: whether no failing test runs it; ``raises``: whether
    it raises an error.
    """
    suspect = suspects[place]
    spectrum = {int(number): rest for number, *rest in suspect.ran}
    score, share, passing = spectrum.get(line, _COLD)
    return {
        "place": log(place + 1),
        "score": score,
        "named": suspect.score,
        "behind": suspect.score - suspects[0].score,
        "below": score - max((each for each, _, _ in spectrum.values()), default=0.0),
        "hot": float(line in suspect.hot),
        "crowd": log(max(1, len(suspect.hot))),
        "share": share,
        "passing": log(1 + passing),
        "cold": float(line not in spectrum),
        "size": log(max(1, len(spectrum))),
        "raises": float("raise " in text),
    }


def likelihoods(suspects: Sequence[Suspect]) -> list[Callable[[int, str, str], float]]:
    """Return one function per suspect: from a line, its text and an operator to the edit's log-likelihood."""

    def of(place: int) -> Callable[[int, str, str], float]:
        def log_likelihood(line: int, text: str, kind: str) -> float:
            weighted = facts(suspects, place, line, text)
            return KINDS[kind] + sum(WEIGHTS[name] * value for name, value in weighted.items())

        return log_likelihood

    return [of(place) for place in range(len(suspects))]
