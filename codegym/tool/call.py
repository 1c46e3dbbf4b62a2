"""The data exchanged between dialects, tools and the env: a call, a malformed call, a tool's result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Call:
    """A tool's name and its unchecked arguments: JSON values, or strings in textual dialects."""

    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Malformed:
    """A text that is not a valid call; ``explanation`` tells the agent what was expected."""

    explanation: str


@dataclass(frozen=True)
class ToolResult:
    """The answer of a tool to the agent.

    ``brief`` is the same in one or two lines for policies with small contexts (empty: ``text`` is short enough).
    ``ok`` is false if the request did not succeed: a failed edit, a non-zero exit code, failing tests. ``cached``
    is true if a test result came from the cache. ``done`` ends the episode.
    """

    text: str
    brief: str = ""
    ok: bool = True
    cached: bool = False
    done: bool = False


class ToolError(Exception):
    """Raised by a tool for a request that it can't carry out. The message becomes an observation."""

    def __init__(self, message: str, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief
