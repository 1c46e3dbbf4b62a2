"""The interface between text and tool calls. The env handles tools; only dialects handle text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.spec import Tool


class Dialect(Protocol):
    """One way to write tool calls as text. Dialects have no state."""

    @property
    def name(self) -> str:
        """The dialect's name, the ``dialect`` argument of the env."""
        ...

    def offers(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """Return the tools that can be called in this dialect."""
        ...

    def system(self, tools: Sequence[Tool]) -> str:
        """Return the system prompt: the task's setting, the tools on offer and how to call them."""
        ...

    def parse(self, text: str) -> Call | Malformed:
        """Return the one call in a policy's text, or why there is none. Never raises."""
        ...

    def format(self, call: Call) -> str:
        """Return the text that :meth:`parse` reads as ``call``.

        Raises :class:`ValueError` for a call that can't be written in this dialect.
        """
        ...

    def render(self, result: ToolResult) -> str:
        """Return the observation for a tool's result."""
        ...
