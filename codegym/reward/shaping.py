"""Rewards for single steps that do not change which policy is best."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def shaping(potentials: Sequence[float], *, discount: float = 1.0, weight: float = 1.0) -> tuple[float, ...]:
    """Return a bonus per step: ``weight * (discount * potential after - potential before)``.

    ``potentials`` has one value before the first step and one after every step, so there is one bonus fewer. The
    last one should be 0 if the episode ended, otherwise the bonuses do not cancel. Optimal policies stay optimal
    (Ng, Harada and Russell, "Policy invariance under reward transformations", ICML 1999, theorem 1), whatever
    the weight, which may therefore be annealed.
    """
    return tuple(weight * (discount * after - before) for before, after in pairwise(potentials))
