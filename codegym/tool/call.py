"""What passes between dialects, tools and the env: a call, a malformed one, and a tool's result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Call:
    """A tool's name and its arguments, not yet checked: values are JSON values, or text in textual dialects."""

    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Malformed:
    """Text that is no call; ``explanation`` tells the agent what was expected."""

    explanation: str


@dataclass(frozen=True)
class ToolResult:
    """What a tool has to say to the agent.

    ``brief`` says the same in a line or two for policies with small contexts (empty: ``text`` is short enough).
    ``ok`` is false where what was asked for did not succeed: a failed edit, a non-zero exit, failing tests.
    ``cached`` says that a test result was found by digest. ``done`` ends the episode.
    """

    text: str
    brief: str = ""
    ok: bool = True
    cached: bool = False
    done: bool = False


class ToolError(Exception):
    """Raised inside a tool for a request that can't be carried out; the agent sees the message, nobody else."""

    def __init__(self, message: str, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief
