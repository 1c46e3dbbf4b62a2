"""Episodes as conversations to imitate: what was observed, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegym.episode import Episode
from codegym.policy.chat import ChatFormat
from codegym.policy.protocol import Opening
from codegym.task import FolderSource, Task, TestPlan

IGNORED = -100
"""The label of a token that the loss leaves out."""


@dataclass(frozen=True)
class Turn:
    """An observation and the answer to it."""

    observation: str
    answer: str


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


def encode(conversation: Conversation, chat: ChatFormat, limit: int) -> dict[str, list[int]] | None:
    """Return ``input_ids`` and ``labels`` as an episode of this conversation would have them.

    Labels cover the answers, each with its end token. Returns ``None`` if there are more than ``limit`` ids.
    """
    ids = chat.opening_ids(_opening(conversation[0].observation))
    labels = [IGNORED] * len(ids)
    for number, turn in enumerate(conversation):
        if number:
            observed = chat.observation_ids(turn.observation, ended=True)
            ids, labels = ids + observed, labels + [IGNORED] * len(observed)
        answered = [*chat.ids(turn.answer), chat.end_id]
        ids, labels = ids + answered, labels + answered
    return {"input_ids": ids, "labels": labels} if len(ids) <= limit else None


def _opening(observation: str) -> Opening:
    no_tests = TestPlan(framework="pytest", fail_to_pass=())
    task = Task(id="-", instruction="", source=FolderSource(path="", digest=""), tests=no_tests, image="python")
    return Opening(task=task, system="", observation=observation, seed=0)
