"""A scripted expert that shows a tiny policy what moves there are, and leaves open when to make them.

It speaks the line dialect: it asks for suggestions, tries them, the likeliest first, and hands in what passes. It
has no strategy: how many it tries before it gives up is decided by the throw of a die, and mostly few. What
patience is worth is for reinforcement learning to find out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from codegym.policy.protocol import Opening, Reply

PATIENCE = (0, 0, 0, 1, 1, 8, 8)
"""How many suggestions it tries before it gives up."""

_LISTED = re.compile(r"^(\d+) .* => ", re.MULTILINE)


@dataclass(frozen=True)
class Expert:
    """A policy over tasks with pytest tests, in the line dialect."""

    name: str = "expert"

    def begin(self, opening: Opening) -> ExpertConversation:
        """Start one episode."""
        return ExpertConversation(random.Random(opening.seed))  # noqa: S311 - not for secrets

    def close(self) -> None:
        """Hold nothing."""


@dataclass
class ExpertConversation:
    """The expert's side of one episode."""

    choose: random.Random
    shown: str = ""
    moves: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.moves = self._play()

    def reply(self, observation: str | None) -> Reply:
        """Answer with the next move."""
        self.shown = observation or ""
        return Reply(next(self.moves, "q"))

    def tokens(self) -> None:
        """See no tokens."""

    def usage(self) -> dict[str, int]:
        """Use none."""
        return {}

    def close(self) -> None:
        """Hold nothing."""

    def _play(self) -> Iterator[str]:
        yield "h"
        for number in _LISTED.findall(self.shown)[: self.choose.choice(PATIENCE)]:
            yield f"y {number}"
            if self.shown == "pass":
                return
