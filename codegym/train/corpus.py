"""What a tiny policy reads before it is let loose: the scripted expert's episodes, as conversations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegym.episode import Episode


@dataclass(frozen=True)
class Turn:
    """Something seen and what was said to it."""

    seen: str
    said: str


Conversation = tuple[Turn, ...]


def remembered(episode: Episode) -> Conversation:
    """Return an expert's episode as a conversation, wrong tries and all: they too show what a move looks like."""
    seen = [episode.first_observation, *(step.observation for step in episode.steps)]
    return tuple(Turn(s, step.action) for s, step in zip(seen, episode.steps, strict=False))


def texts(conversations: Iterable[Conversation]) -> Iterator[str]:
    """Return all that was seen and said, to train a tokenizer on."""
    for conversation in conversations:
        for turn in conversation:
            yield turn.seen
            yield turn.said
