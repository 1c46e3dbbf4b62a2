"""The interface between an episode and the policy that chooses its actions.

A policy answers many episodes at once, each in its own thread through its own :class:`Conversation`; a policy may
collect the requests of several conversations into one batch. It gets the env's text and returns the model's text.
A policy that samples tokens keeps the ids exactly as sampled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from codegym.task import Task
from codegym.tokens import Tokens


@dataclass(frozen=True)
class Opening:
    """What a policy receives when an episode starts.

    ``system`` is the system prompt, which explains the tools in the dialect's form; ``observation`` is the env's
    first observation. ``tools`` are the tools' JSON schemas, for policies that call tools natively. ``dialect``
    is the name of the dialect that the env reads. ``seed`` decides every random choice.
    """

    task: Task
    system: str
    observation: str
    seed: int
    tools: list[dict[str, object]] = field(default_factory=list)
    dialect: str = "native"


@dataclass(frozen=True)
class Reply:
    """One answer. ``finished`` is false if the context is full, so that the text is not a whole action."""

    text: str
    finished: bool = True


class Conversation(Protocol):
    """A policy's state for one episode. Used by one thread."""

    def reply(self, observation: str | None) -> Reply:
        """Return the answer to an observation; ``None`` stands for the opening's observation.

        Blocks until the answer is complete. Raises :class:`~codegym.errors.PolicyError` if the policy can't
        answer.
        """
        ...

    def tokens(self) -> Tokens | None:
        """Return the whole episode's tokens, or ``None`` if the policy does not handle tokens."""
        ...

    def usage(self) -> dict[str, int]:
        """Return token counts so far: ``prompt_tokens``, ``completion_tokens`` (sampled), ``requests``."""
        ...

    def close(self) -> None:
        """Free the conversation's resources (a cache slot, a connection)."""
        ...


@runtime_checkable
class HasNotes(Protocol):
    """A policy that has something to say of how it asks its model."""

    def notes(self, dialect: str) -> list[str]:
        """Return what a user should know, one sentence each."""
        ...


@runtime_checkable
class HasDialect(Protocol):
    """A policy that may be able to play in one dialect only."""

    @property
    def dialect(self) -> str:
        """The name of that dialect; empty if the policy plays in any."""
        ...


class Policy(Protocol):
    """Chooses the actions of episodes."""

    @property
    def name(self) -> str:
        """The name in episode records and on boards."""
        ...

    def begin(self, opening: Opening) -> Conversation:
        """Start one episode."""
        ...

    def close(self) -> None:
        """Stop background work and free the model."""
        ...
