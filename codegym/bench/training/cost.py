"""What ``bench train`` measures, without torch: its settings and its results."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low

from codegym.task import Frozen

STAGES = ("generate", "sandbox", "grade", "optimise", "wait")
"""The stages of a step, in the order of the loop; their seconds add up to the step's wall time."""


@dataclass(frozen=True)
class Setup:
    """What is the same on both sides. ``group`` is the number of attempts per task; ``cached`` takes results of
    tests from the cache once they are in it. ``threads`` are torch's, in generation and in the optimiser.
    """

    model: str
    split: str
    turns: int = 4
    group: int = 8
    workers: int = 16
    threads: int = 1
    repeats: int = 3
    cached: bool = False
    sandbox: str = "bwrap"


@dataclass(frozen=True)
class StepTime:
    """One step: its wall time in seconds, and that of each of :data:`STAGES` if they were measured."""

    wall: float
    stages: dict[str, float]


@dataclass(frozen=True)
class Played:
    """The steps of one side; of its episodes, the mean number of sampled ids and the share that solved."""

    steps: list[StepTime]
    sampled: float
    solved: float


class StepCost(Frozen):
    """A step of ``episodes`` episodes, the median of ``repeats``, in seconds of wall time.

    ``seconds`` is our step, ``stages`` its parts. ``plain`` is TRL's step with ``environment_factory``, and
    ``plain_stages`` its parts. ``sampled`` are tokens sampled per episode, ``solved`` is the
    share of episodes that solved their task; both have to be the same on the plain side. What was not measured is
    ``None``.
    """

    episodes: int
    repeats: int
    seconds: float
    stages: dict[str, float]
    sampled: float
    solved: float
    plain: float | None = None
    plain_stages: dict[str, float] | None = None
    plain_sampled: float | None = None
    plain_solved: float | None = None

    @property
    def ratio(self) -> float | None:
        """Our wall time divided by plain TRL's."""
        return round(self.seconds / self.plain, 3) if self.plain else None


def median_step(steps: list[StepTime]) -> StepTime:
    """Return the step of median wall time (the lower one of two), so that its stages add up."""
    middle = median_low(step.wall for step in steps)
    return next(step for step in steps if step.wall == middle)
