"""A scripted expert whose episodes teach a tiny policy the possible moves, but no strategy.

In the line dialect it asks for suggestions, tries them, the likeliest first, and submits the first that passes.
How many it tries before it gives up is random, and mostly few. Reinforcement learning has to discover that trying
more pays off. ``blind`` is the same program with the same tries in every episode: a baseline without weights.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from codegym.policy.protocol import Opening, Reply

PATIENCE = (0, 0, 0, 1, 1, 8, 8)
"""In each episode the expert draws one of these numbers: it gives up after so many tries."""

BLIND_TRIES = 8
"""How many suggestions ``blind`` tries: ten turns leave room for no more, with the first and the last one."""

_LISTED = re.compile(r"^(\d+) .* => ", re.MULTILINE)


@dataclass(frozen=True)
class Expert:
    """The expert policy, for tasks with pytest tests and the line dialect."""

    name: str = "expert"
    patience: tuple[int, ...] = PATIENCE

    def begin(self, opening: Opening) -> ExpertConversation:
        """Start one episode."""
        tries = random.Random(opening.seed).choice(self.patience)  # noqa: S311 - not for secrets
        return ExpertConversation(tries)

    def close(self) -> None:
        """Do nothing: the expert has nothing to free."""


def blind() -> Expert:
    """Return the baseline that tries the first suggestions in order and reads nothing but whether one passes."""
    return Expert("blind", (BLIND_TRIES,))


@dataclass
class ExpertConversation:
    """The expert's state in one episode. It gives up after ``tries`` suggestions."""

    tries: int
    observation: str = ""
    moves: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.moves = self._play()

    def reply(self, observation: str | None) -> Reply:
        """Return the next move."""
        self.observation = observation or ""
        return Reply(next(self.moves, "q"))

    def tokens(self) -> None:
        """Return ``None``: the expert does not handle tokens."""

    def usage(self) -> dict[str, int]:
        """Return no counts."""
        return {}

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def _play(self) -> Iterator[str]:
        yield "h"
        for number in _LISTED.findall(self.observation)[: self.tries]:
            yield f"y {number}"
            if self.observation == "pass":
                return
