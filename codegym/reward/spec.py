"""The reward: a weighted sum of components."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, field_validator

from codegym.errors import unknown
from codegym.reward.components import COMPONENTS
from codegym.task import Frozen


class RewardSpec(Frozen):
    """A weighted sum of components. The default is the outcome alone: 1 for resolved, otherwise 0.

    Raises a validation error for a name that is no component, with the nearest match.
    """

    weights: dict[str, float] = Field(default_factory=lambda: {"resolved": 1.0}, min_length=1)

    @field_validator("weights")
    @classmethod
    def _check_names(cls, weights: dict[str, float]) -> dict[str, float]:
        for name in weights:
            if name not in COMPONENTS:
                raise ValueError(unknown("reward component", name, COMPONENTS))
        return weights

    def scalar(self, measured: Mapping[str, float] | None) -> float | None:
        """Return the weighted sum; ``None`` for ``None``, which is not zero."""
        if measured is None:
            return None
        return float(sum(weight * measured[name] for name, weight in self.weights.items()))
