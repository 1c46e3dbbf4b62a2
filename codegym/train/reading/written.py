"""One episode as a conversation: look, write the repair, run the tests, and submit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from codegym.patch.read import Hunk
from codegym.policy.script.repair import MOST_LOOKED_AT, excerpt_lines, line_edits
from codegym.tool.call import Call
from codegym.tool.compact.excerpt import excerpt
from codegym.tool.compact.locate import short_list
from codegym.tool.compact.suspect import Suspect
from codegym.tool.dialect.line import LineDialect
from codegym.train.data.conversation import Conversation, Turn

_LINE = LineDialect()

Judge = Callable[[str], str]
"""Returns what the tool ``test`` would say about a text of the module."""


@dataclass(frozen=True)
class Fault:
    """A module with a fault. ``opening`` is the first observation, ``suspects`` what locate finds.

    ``wrong`` and ``right`` are the module's texts. ``tries`` are texts that a policy might try first, and that
    tests refuse; each differs from ``wrong`` in one line. Each of ``idle`` chooses a line, of a function that is
    shown, that a policy might write as it is.
    """

    opening: str
    suspects: Sequence[Suspect]
    wrong: str
    right: str
    judge: Judge
    tries: Sequence[str] = ()
    idle: Sequence[int] = ()


@dataclass
class _Writer:
    turns: list[Turn] = field(default_factory=list)
    observation: str = ""

    def say(self, call: Call, observation: str, *, imitate: bool = True) -> None:
        """Answer the last observation with ``call``; ``observation`` is what comes of it."""
        self.turns.append(Turn(self.observation, _LINE.format(call), imitate))
        self.observation = observation


def write_episode(fault: Fault) -> Conversation | None:
    """Return an episode that repairs ``fault``; ``None`` if the script can't do it.

    Edits that turn out wrong, or to change nothing, are in it, so that a policy learns to go on after them, but
    they are not to be imitated.
    """
    source = fault.wrong.split("\n")
    views = [excerpt(suspect, source) for suspect in fault.suspects[:MOST_LOOKED_AT]]
    repairs = (_edits(view, fault.wrong, fault.right) for view in views)
    place, calls = next(((n, calls) for n, calls in enumerate(repairs) if calls), (0, []))
    if not calls:
        return None
    writer = _Writer(observation=fault.opening)
    for rank, view in enumerate(views[: place + 1], 1):
        if rank == 1:
            writer.say(Call("locate"), f"{short_list(fault.suspects)}\n{view}")
        else:
            writer.say(Call("focus", {"rank": rank}), view)
        for number in fault.idle:
            if number % (place + 1) == rank - 1:
                writer.say(_idle_edit(view, number), "no change", imitate=False)
    for text in fault.tries:
        tried = _edits(views[place], fault.wrong, text)
        if len(tried) != 1:
            return None
        writer.say(tried[0], "ok", imitate=False)
        writer.say(Call("test"), fault.judge(text))
        if len(calls) != 1 or tried[0].arguments["line"] != calls[0].arguments["line"]:
            writer.say(Call("undo"), "undone")
    for call in calls:
        writer.say(call, "ok")
    writer.say(Call("test"), fault.judge(fault.right))
    writer.say(Call("submit"), "")
    return tuple(writer.turns)


def _idle_edit(view: str, number: int) -> Call:
    """Return the edit that writes a line of an excerpt as it is; ``number`` chooses the line."""
    line, text = list(excerpt_lines(view).items())[number % len(excerpt_lines(view))]
    return Call("rewrite", {"line": line, "text": text.strip()})


def _edits(view: str, before: str, after: str) -> list[Call]:
    """Return the edits that turn one text of the module into another, in the function that is shown.

    There are none if one of them can't be written in the line dialect.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    calls = line_edits(excerpt_lines(view), Hunk(0, *_around(old, new), 0))
    return calls if all(map(_can_be_written, calls)) else []


def _can_be_written(call: Call) -> bool:
    try:
        _LINE.format(call)
    except ValueError:
        return False
    return True


def _around(old: list[str], new: list[str], context: int = 3) -> tuple[list[str], list[str]]:
    """Return the lines that differ, with some lines around them."""
    shortest = min(len(old), len(new))
    start = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    end = next((n for n in range(shortest - start) if old[-1 - n] != new[-1 - n]), shortest - start)
    first, last = max(0, start - context), max(0, end - context)
    return old[first : len(old) - last], new[first : len(new) - last]
