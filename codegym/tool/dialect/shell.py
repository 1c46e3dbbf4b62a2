"""One shell block per turn and nothing else: the dialect that every model has seen most of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.dialect.text import SETTING
from codegym.tool.dialect.thought import Span, without_thoughts
from codegym.tool.spec import Tool

_FENCE = re.compile(r"^[ ]{0,3}(`{3,})[ ]*(?:bash|sh|shell)?[ \t]*\r?$")
_EXPECTED = "Expected exactly one block that begins with ```bash and ends with ```, holding one shell command."


@dataclass(frozen=True)
class Shell:
    """A Markdown block with a command; the command ``submit`` ends the episode."""

    name: str = "shell"

    def offers(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """The shell and submit."""
        return tuple(tool for tool in tools if tool.name in ("shell", "submit"))

    def system(self, tools: Sequence[Tool]) -> str:  # noqa: ARG002 - the shell is the only tool
        """Return the setting and the form of an action."""
        form = "In every turn write exactly one shell command, in one block:\n```bash\ngrep -rn total src\n```"
        end = "Commands start anew in the repository's root each time. When you are done:\n```bash\nsubmit\n```"
        return f"{SETTING}\n\n{form}\n{end}"

    def parse(self, text: str) -> Call | Malformed:
        """Read the one block that stands in ``text``."""
        blocks = [block for block, _ in _blocks(without_thoughts(text, _find_call))]
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
            raise ValueError(f"the shell dialect can't say a call of {call.tool!r}")
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
        return f"{fence}bash\n{command}\n{fence}"

    def render(self, result: ToolResult) -> str:
        """Return the full text."""
        return result.text


def _find_call(text: str) -> Span | None:
    return next((span for _, span in _blocks(text)), None)


def _blocks(text: str) -> Iterator[tuple[str, Span]]:
    """Yield each closed block: what it holds, and where it begins and ends, its fences included."""
    opened, fence, inner, at = 0, "", 0, 0
    for line in text.split("\n"):
        end = at + len(line)
        if not fence and (match := _FENCE.match(line)):
            opened, fence, inner = at, match[1], end + 1
        elif fence and line.strip() == fence:
            yield text[inner : max(inner, at - 1)], (opened, end)
            fence = ""
        at = end + 1
