"""One episode, from the opening to the verdict: the plainest player.

The env observes and the policy answers, until the env gives its ending. Nothing is caught here: the engine deals
with failures of the box, the grader and the policy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from codegym.deadline import Ledger, keeping
from codegym.env import CodeEnv
from codegym.episode import Ending, Episode, Step, StopReason
from codegym.policy.protocol import Conversation, Opening, Policy
from codegym.rollout.job import Job
from codegym.rollout.player import Closable, StoppedError
from codegym.rollout.record import record
from codegym.tool.cut import whole


@dataclass
class _Dialogue:
    """The sums over the turns of one episode. ``policy_seconds`` is the time spent waiting for answers."""

    reward: float = 0.0
    policy_seconds: float = 0.0


def play(
    job: Job,
    policy: Policy,
    env: CodeEnv,
    *,
    stopping: Callable[[], bool] = lambda: False,
    opened: Callable[[Closable], None] = lambda _: None,
    ledger: Ledger | None = None,
) -> Episode:
    """Make one episode; a :class:`~codegym.rollout.player.Player`, whose arguments these are."""
    began = time.monotonic()
    dialogue = _Dialogue()
    with keeping(ledger or Ledger()):
        observation, info = env.reset(seed=job.seed, options={"task": job.task})
        opening = _opening(job, env, observation, info)
        with closing(policy.begin(opening)) as conversation:
            opened(conversation)
            ending = _take_turns(conversation, env, dialogue, stopping)
            tokens, usage = conversation.tokens(), conversation.usage()
    spent = {"policy": dialogue.policy_seconds, "all": time.monotonic() - began}
    return record(
        job,
        policy,
        env,
        replace(ending, seconds={**ending.seconds, **spent}),
        reward=dialogue.reward,
        instruction=opening.task.instruction,
        first_observation=observation,
        tokens=tokens,
        usage=usage,
    )


def _opening(job: Job, env: CodeEnv, observation: str, info: dict[str, Any]) -> Opening:
    return Opening(
        task=env.suite.task(job.task),
        system=info["system"],
        observation=observation,
        seed=job.seed,
        tools=info["tools"],
        dialect=env.dialect.name,
    )


def _take_turns(
    conversation: Conversation, env: CodeEnv, dialogue: _Dialogue, stopping: Callable[[], bool]
) -> Ending:
    """Take turns until the env gives its ending. Raises :class:`StoppedError`."""
    observation: str | None = None
    while not stopping():
        asked_at = time.monotonic()
        reply = conversation.reply(observation)
        dialogue.policy_seconds += time.monotonic() - asked_at
        if reply.finished:
            observation, reward, _, _, info = env.step(reply.text)
        else:
            _, reward, _, _, info = env.truncate(StopReason.CONTEXT_LIMIT)
        dialogue.reward += float(reward)
        ending: Ending | None = info.get("ending")
        if ending is not None:
            return ending if reply.finished else _with_cut_answer(ending, whole(reply.text))
    raise StoppedError


def _with_cut_answer(ending: Ending, text: str) -> Ending:
    """Return the ending with an answer that the full context cut off: no step of the env, but kept on record."""
    if not text:
        return ending
    return replace(ending, steps=(*ending.steps, Step(action=text, tool=None, observation="")))
