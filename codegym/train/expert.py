"""A scripted expert that shows a tiny policy what moves there are, and leaves open when to make them.

It knows the repair, from the task's gold patch, and speaks the line dialect: it asks for suggestions, tries them,
the likeliest first, and hands in what passes. It does not know strategy: how soon it gives up, and whether it
makes the right one its last try, is decided by the throw of a die. What patience is worth is for reinforcement
learning to find out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from codegym.errors import PolicyError
from codegym.policy.protocol import Opening, Reply
from codegym.task import Task
from codegym.tool.suggest import Suggestion

PATIENCE = (0, 0, 1, 1, 2, 2, 3, 7)
"""After how many wrong tries it gives up."""

_LISTED = re.compile(r"^(\d+) (.* => .*)$", re.MULTILINE)


def gold_lines(task: Task) -> tuple[str, str] | None:
    """Return the one line that the gold patch replaces, before and after; ``None`` if it does anything else."""
    body = [line for line in task.gold_patch.split("\n") if not line.startswith(("---", "+++"))]
    old = [line[1:] for line in body if line.startswith("-")]
    new = [line[1:] for line in body if line.startswith("+")]
    return (old[0], new[0]) if len(old) == len(new) == 1 else None


@dataclass(frozen=True)
class Expert:
    """A policy over single-line repair tasks in the line dialect."""

    name: str = "expert"

    def begin(self, opening: Opening) -> ExpertConversation:
        """Start one episode. Raises :class:`PolicyError` for a task whose gold patch is not a single line."""
        gold = gold_lines(opening.task)
        if gold is None:
            raise PolicyError(f"the expert repairs single lines; the gold patch of {opening.task.id} is more")
        change = Suggestion("", 1, *gold).brief
        return ExpertConversation(change, random.Random(opening.seed))  # noqa: S311 - not for secrets

    def close(self) -> None:
        """Hold nothing."""


@dataclass
class ExpertConversation:
    """The expert's side of one episode; ``change`` is the repair as suggest's list would show it."""

    change: str
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
        for number in self._order(_LISTED.findall(self.shown)):
            yield f"y {number}"
            if self.shown == "pass":
                return

    def _order(self, listed: list[tuple[str, str]]) -> list[str]:
        """Return what to try: the first few that are wrong, and perhaps the right one at last."""
        wrong = [number for number, change in listed if change != self.change]
        right = [number for number, change in listed if change == self.change]
        return wrong[: self.choose.choice(PATIENCE)] + right * (self.choose.random() < 0.5)
