"""Where the time of a generation step went: what the workers did, on average over them.

Workers play side by side, so the seconds in their episodes add up to several times the wall time. Divided by the
number of workers they add up to the wall time, and the rest is what workers waited: for their turn with the model,
or, at the end of the step, for the last episodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegym.episode import Episode


@dataclass(frozen=True)
class Stages:
    """Seconds of wall time: ``generate`` (in a batch of the model), ``sandbox`` (resets and tools), ``grade``, and
    ``wait``, the rest.
    """

    generate: float = 0.0
    sandbox: float = 0.0
    grade: float = 0.0
    wait: float = 0.0

    @property
    def all(self) -> float:
        """The wall time of the step."""
        return self.generate + self.sandbox + self.grade + self.wait


def stages_of(episodes: Sequence[Episode], answering: float, workers: int, wall: float) -> Stages:
    """Return the stages of a step of ``wall`` seconds in which ``workers`` threads played ``episodes``.

    ``answering`` is :attr:`~codegym.policy.local.policy.LocalPolicy.answering_seconds`.
    """
    generate = answering / workers
    sandbox = _seconds(episodes, "reset", "tools") / workers
    grade = _seconds(episodes, "grade") / workers
    return Stages(generate, sandbox, grade, wall - generate - sandbox - grade)


def _seconds(episodes: Sequence[Episode], *phases: str) -> float:
    return sum(episode.timings.get(phase, 0.0) for episode in episodes for phase in phases)
