"""One shell block per turn and nothing else: the form that models know best from their training data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.dialect.text import SETTING
from codegym.tool.dialect.thought import Span, without_thoughts
from codegym.tool.spec import Tool

_FENCE = re.compile(r"^[ ]{0,3}(`{3,})[ ]*(?:bash|sh|shell)?[ \t]*\r?$")
_HEREDOC = re.compile(
    r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|(?:^|(?<=\s))\#.*|<<<|\(\(.{0,200}?\)\)
    |<<(?P<dash>-?)[ \t]*(?:(?P<quoted>'[^']+'|"[^"]+")|\\?(?P<word>[A-Za-z_][\w.-]*))""",
    re.VERBOSE,
)
"""Matches heredocs, and what could be mistaken for one: quoted text, comments, arithmetic."""
_EXPECTED = "Expected exactly one block that begins with ```bash and ends with ```, holding one shell command."


@dataclass(frozen=True)
class Shell:
    """The shell dialect: a Markdown block with a command; the command ``submit`` ends the episode."""

    name: str = "shell"

    def offers(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """Return the tools ``shell`` and ``submit``."""
        return tuple(tool for tool in tools if tool.name in ("shell", "submit"))

    def system(self, tools: Sequence[Tool]) -> str:  # noqa: ARG002 - the shell is the only tool
        """Return the task's setting and the form of an action."""
        form = "In every turn write exactly one shell command, in one block:\n```bash\ngrep -rn total src\n```"
        end = "Commands start anew in the repository's root each time. When you are done:\n```bash\nsubmit\n```"
        return f"{SETTING}\n\n{form}\n{end}"

    def parse(self, text: str) -> Call | Malformed:
        """Read the one shell block in ``text``."""
        read = list(_blocks(without_thoughts(text, _find_call)))
        blocks = [block[0] for block in read if block]
        if len(blocks) < len(read):
            return Malformed(f"The block ends within a heredoc. A longer fence may hold ```. {_EXPECTED}")
        if len(blocks) != 1:
            return Malformed(f"Found {len(blocks)} shell blocks. {_EXPECTED}")
        if blocks[0].strip() == "submit":
            return Call("submit")
        return Call("shell", {"command": blocks[0]})

    def format(self, call: Call) -> str:
        """Return the block. Raises :class:`ValueError` for tools other than shell and submit."""
        if call.tool == "submit":
            return "```bash\nsubmit\n```"
        command = call.arguments.get("command")
        if call.tool != "shell" or not isinstance(command, str):
            raise ValueError(f"the shell dialect can't write a call of {call.tool!r}")
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
        return f"{fence}bash\n{command}\n{fence}"

    def render(self, result: ToolResult) -> str:
        """Return the full text."""
        return result.text


def _find_call(text: str) -> Span | None:
    return next((block[1] for block in _blocks(text) if block), None)


def _blocks(text: str) -> Iterator[tuple[str, Span] | None]:
    """Yield the content and the span, fences included, of each block; ``None`` for one without an end.

    If a block ends within a heredoc, no further block is read. Reads no further than what is asked for.
    """
    at = 0
    while at <= len(text):
        start, stop = next(_lines(text, at))
        opening = _FENCE.match(text[start:stop])
        at = stop + 1
        if opening is None:
            continue
        end, is_open = _end(text, at, opening[1])
        if end is None:
            ends = [line for line in _lines(text, at) if text[slice(*line)].strip() == opening[1]]
            if len(ends) != 1 or not is_open:
                yield from [None] if ends else []
                return
            end = ends[0]
        yield text[at : max(at, end[0] - 1)], (start, end[1])
        at = end[1] + 1


def _lines(text: str, at: int) -> Iterator[Span]:
    """Yield where each line starts and ends, from the line on that starts at ``at``."""
    while at <= len(text):
        end = text.find("\n", at)
        yield at, len(text) if end < 0 else end
        at = len(text) + 1 if end < 0 else end + 1


def _end(text: str, at: int, fence: str) -> tuple[Span | None, bool]:
    """Return the first fence outside a heredoc, from ``at`` on, and whether a heredoc has no end."""
    pending: list[tuple[str, str]] = []
    for start, stop in _lines(text, at):
        line = text[start:stop].removesuffix("\r")
        if pending:
            dash, word = pending[0]
            pending = pending[(line.lstrip("\t") if dash else line) == word :]
        elif line.strip() == fence:
            return (start, stop), False
        else:
            heredocs = (match for match in _HEREDOC.finditer(line) if match["word"] or match["quoted"])
            pending = [(match["dash"], match["word"] or match["quoted"][1:-1]) for match in heredocs]
    return None, bool(pending)
