"""The one seam between an episode and whatever decides what to do next.

A policy answers many episodes at once, each in its own thread through its own :class:`Conversation`; a policy
that generates in batches gathers what its conversations ask for. The env's text goes in, the model's text
comes out; a policy that samples tokens keeps them exactly as sampled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from codegym.task import Task
from codegym.tokens import Tokens


@dataclass(frozen=True)
class Opening:
    """What a policy is given when an episode starts.

    ``system`` explains the tools in the dialect's words; ``observation`` is the env's first. ``tools`` are the
    tools' JSON schemas, for policies that call tools natively. ``dialect`` names the one that the env reads.
    ``seed`` decides every random choice.
    """

    task: Task
    system: str
    observation: str
    seed: int
    tools: list[dict[str, object]] = field(default_factory=list)
    dialect: str = "native"


@dataclass(frozen=True)
class Reply:
    """One answer. ``finished`` is false where the context is full and the text is not a whole action."""

    text: str
    finished: bool = True


class Conversation(Protocol):
    """One episode's side of a policy. Used by one thread."""

    def reply(self, observation: str | None) -> Reply:
        """Answer the observation; ``None`` asks for the first answer, to the opening's observation.

        Blocks. Raises :class:`~codegym.errors.PolicyError` if the policy can't answer.
        """
        ...

    def tokens(self) -> Tokens | None:
        """Return the whole episode's tokens, or ``None`` for a policy that does not see them."""
        ...

    def usage(self) -> dict[str, int]:
        """Return token counts so far: ``prompt_tokens``, ``completion_tokens`` (sampled), ``requests``."""
        ...

    def close(self) -> None:
        """Free what the conversation holds (a cache slot, a connection)."""
        ...


class Policy(Protocol):
    """What answers."""

    @property
    def name(self) -> str:
        """The name that stands in episodes and on boards."""
        ...

    def begin(self, opening: Opening) -> Conversation:
        """Start one episode."""
        ...

    def close(self) -> None:
        """Stop background work and free the model."""
        ...
