"""Episodes as conversations to imitate: what was observed, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from codegym.episode import Episode
from codegym.policy.chat import ChatFormat
from codegym.policy.protocol import Opening

IGNORED = -100
"""The label of a token that the loss leaves out."""


@dataclass(frozen=True)
class Turn:
    """An observation and the answer to it. An answer that is not to be imitated counts as one more observation."""

    observation: str
    answer: str
    imitate: bool = True


Conversation = tuple[Turn, ...]


def conversation_of(episode: Episode) -> Conversation:
    """Return an episode as a conversation, failed moves included: they too show what a move looks like."""
    observations = [episode.first_observation, *(step.observation for step in episode.steps)]
    pairs = zip(observations, episode.steps, strict=False)  # nothing answers the last observation
    return tuple(Turn(observation, step.action) for observation, step in pairs)


def texts(conversations: Iterable[Conversation]) -> Iterator[str]:
    """Return all observations and answers, to train a tokenizer on."""
    for conversation in conversations:
        for turn in conversation:
            yield turn.observation
            yield turn.answer


def encode(
    conversation: Conversation, chat: ChatFormat, limit: int, opening: Opening, *, everything: bool = False
) -> dict[str, list[int]] | None:
    """Return ``input_ids`` and ``labels`` as an episode of this conversation would have them.

    ``opening`` is that of any episode: its system prompt, tools and dialect count.
    Labels cover the answers to imitate, each with its end token; with ``everything``, also what is observed.
    Returns ``None`` if there are more than ``limit`` ids.
    """
    ids = chat.opening_ids(replace(opening, observation=conversation[0].observation))
    labels = list(ids) if everything else [IGNORED] * len(ids)
    for number, turn in enumerate(conversation):
        if number:
            role = chat.role(opening, conversation[number - 1].answer)
            observed = chat.observation_ids(turn.observation, ended=True, role=role)
            ids, labels = ids + observed, labels + (observed if everything else [IGNORED] * len(observed))
        answered = [*chat.ids(turn.answer), chat.end_id]
        ids, labels = ids + answered, labels + (answered if turn.imitate else [IGNORED] * len(answered))
    return {"input_ids": ids, "labels": labels} if len(ids) <= limit else None
