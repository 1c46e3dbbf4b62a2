"""A scripted expert that shows a tiny policy what moves there are, and leaves open when to make them.

It knows the repair, from the task's gold patch, and speaks the line dialect: it asks for suggestions and picks,
the right one if it is listed. It does not know strategy: after an edit it tests, submits or goes back by the
throw of a die, and often it picks wrong ones first. What those moves are worth is for reinforcement learning to
find out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst

from codegym.errors import PolicyError
from codegym.mutate import apply, mutations
from codegym.mutate.smallest import smallest_fix
from codegym.policy.protocol import Opening, Reply
from codegym.task import Task
from codegym.train.repair import RESULT_CHARS, Fix

_ROW = re.compile(r"(.*) #(\d+)(\*?)")
_LISTED = re.compile(r"^(\d+) (.* => .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A line of an excerpt: its number there, whether it is marked as suspicious, and its text."""

    number: int
    hot: bool
    text: str


def rows(shown: str) -> list[Row]:
    """Read an excerpt's numbered lines back."""
    found = (_ROW.fullmatch(line) for line in shown.split("\n"))
    return [Row(int(m[2]), bool(m[3]), m[1]) for m in found if m]


def gold_lines(task: Task) -> tuple[str, str] | None:
    """Return the one line that the gold patch replaces, before and after; ``None`` if it does anything else."""
    body = [line for line in task.gold_patch.split("\n") if not line.startswith(("---", "+++"))]
    old = [line[1:] for line in body if line.startswith("-")]
    new = [line[1:] for line in body if line.startswith("+")]
    return (old[0], new[0]) if len(old) == len(new) == 1 else None


def wrong_fix(shown: str, choose: random.Random) -> Fix | None:
    """Return a plausible change of some suspicious line."""
    lines = rows(shown)
    source = "\n".join(row.text for row in lines) + "\n"
    try:
        found = [m for m in mutations(source) if m.single_line and lines[m.line - 1].hot]
    except libcst.ParserSyntaxError:
        return None
    if not found:
        return None
    kind = choose.choice(sorted({mutation.operator for mutation in found}))
    mutation = choose.choice([m for m in found if m.operator == kind])
    changed = apply(source, mutation).split("\n")[mutation.line - 1]
    return fix_row(lines[mutation.line - 1], changed)


def fix_row(row: Row, wanted: str) -> Fix | None:
    """Return the edit that turns an excerpt's row into ``wanted``."""
    fix = smallest_fix(row.text, wanted)
    return Fix(row.number, *fix, result=wanted.strip()[:RESULT_CHARS]) if fix else None


@dataclass(frozen=True)
class Expert:
    """A policy over single-line repair tasks in the line dialect. ``good`` actions are worth imitating."""

    name: str = "expert"

    def begin(self, opening: Opening) -> ExpertConversation:
        """Start one episode. Raises :class:`PolicyError` for a task whose gold patch is not a single line."""
        gold = gold_lines(opening.task)
        if gold is None:
            raise PolicyError(f"the expert repairs single lines; the gold patch of {opening.task.id} is more")
        return ExpertConversation(*gold, random.Random(opening.seed))  # noqa: S311 - not for secrets

    def close(self) -> None:
        """Hold nothing."""


@dataclass
class ExpertConversation:
    """The expert's side of one episode."""

    before: str
    after: str
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
        listed = _LISTED.findall(self.shown)
        right = next((number for number, change in listed if change == self._change()), None)
        wrong = [number for number, _ in listed if number != right]
        tries = self.choose.choice((0, 1, 2, 3) if right else (2, 3, 4, 5))
        for number in self.choose.sample(wrong, min(len(wrong), tries)):
            yield f"k {number}"
            yield from self._after_edit("tttuuq")
        if right:
            yield f"k {right}"
            yield from self._after_edit("ttqq")

    def _change(self) -> str:
        fix = smallest_fix(self.before, self.after)
        return f"{fix[0][:24]} => {fix[1][:24]}" if fix else ""

    def _after_edit(self, moves: str) -> Iterator[str]:
        """Test, go back or submit, by the throw of a die; after a test as well."""
        move = self.choose.choice(moves)
        if move == "t":
            yield "t"
            move = "q" if " 0 failed" in self.shown else self.choose.choice("uuuq")
        yield move
