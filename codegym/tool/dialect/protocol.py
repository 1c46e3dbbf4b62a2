"""The seam between text and tool calls. The env knows tools; only dialects know text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.spec import Tool


class Dialect(Protocol):
    """One way of saying tool calls. Dialects hold no state."""

    @property
    def name(self) -> str:
        """The dialect's name, as given to the env."""
        ...

    def offers(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """Return those tools that can be called in this dialect."""
        ...

    def system(self, tools: Sequence[Tool]) -> str:
        """Return the prompt that explains the task's setting, the tools on offer and how to call them."""
        ...

    def parse(self, text: str) -> Call | Malformed:
        """Read one action from a policy's text. Never raises, whatever the text."""
        ...

    def format(self, call: Call) -> str:
        """Return the text that :meth:`parse` reads as ``call``.

        Raises :class:`ValueError` for a call that can't be said in this dialect.
        """
        ...

    def render(self, result: ToolResult) -> str:
        """Return what the agent is shown of a result."""
        ...
