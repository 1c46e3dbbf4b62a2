"""One episode, from the opening to the verdict.

The loop is the whole idea: the env speaks, the policy answers, until the env says why it stopped. Nothing is
caught here; trouble with the box, the grader or the policy is the engine's business.
"""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import codegym
from codegym.deadline import Ledger, keeping
from codegym.digest import digest_json
from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome, Step, StopReason, Verdict
from codegym.errors import GradeError
from codegym.policy.protocol import Conversation, Opening, Policy
from codegym.rollout.job import Job
from codegym.tool.cut import whole


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Raised between two turns when the run is being stopped; the episode is dropped."""


@dataclass
class Clock:
    """Wall-clock seconds by phase: ``reset``, ``policy`` (waiting for answers), ``tools``, ``grade``, ``all``."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Add the time that the block takes to ``phase``."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[phase] += time.monotonic() - start


def play(
    job: Job,
    policy: Policy,
    env: CodeEnv,
    *,
    stopping: Callable[[], bool] = lambda: False,
    started: Callable[[Conversation], None] = lambda _: None,
    ledger: Ledger | None = None,
) -> Episode:
    """Make one episode.

    ``started`` is told the conversation, so that another thread can close it; ``ledger`` gets the deadlines, which
    tell most where there will be no episode. Raises :class:`Stopped` once
    ``stopping()`` is true, and whatever the env and the policy raise.
    """
    clock = Clock()
    with clock("all"), keeping(ledger or Ledger()):
        with clock("reset"):
            observation, info = env.reset(seed=job.seed, options={"task": job.task})
        opening = _opening(job, env, observation, info)
        with closing(policy.begin(opening)) as conversation:
            started(conversation)
            steps, reward, end = _converse(conversation, env, clock, stopping)
            told = {"tokens": conversation.tokens(), "usage": conversation.usage()}
    return Episode(
        **identity(job, policy, env),
        **told,
        **_result(end, clock),
        reward=reward,
        instruction=opening.task.instruction,
        first_observation=observation,
        steps=steps,
    )


def identity(job: Job, policy: Policy, env: CodeEnv) -> dict[str, Any]:
    """Return the fields of an episode that are known before it starts."""
    task = env.suite.task(job.task)
    named = {"suite": env.suite.name, "task": task.id, "task_digest": task.digest, "policy": policy.name}
    attempt = {"seed": job.seed, "sample": job.sample}
    versions = {"codegym": codegym.__version__, "python": platform.python_version()}
    versions |= {"backend": env.backend.name, "dialect": env.dialect.name}
    return {"id": digest_json([named, attempt])[:16], **named, **attempt, "versions": versions}


def _opening(job: Job, env: CodeEnv, observation: str, info: dict[str, Any]) -> Opening:
    return Opening(
        task=env.suite.task(job.task),
        system=info["system"],
        observation=observation,
        seed=job.seed,
        tools=info["tools"],
        dialect=env.dialect.name,
    )


def _converse(
    conversation: Conversation, env: CodeEnv, clock: Clock, stopping: Callable[[], bool]
) -> tuple[list[Step], float, dict[str, Any]]:
    """Take turns until the env says ``stop``; return the steps, the sum of rewards and the env's last word."""
    steps: list[Step] = []
    total = 0.0
    observation: str | None = None
    while not stopping():
        with clock("policy"):
            reply = conversation.reply(observation)
        said = whole(reply.text)
        start = time.monotonic()
        if reply.finished:
            observation, reward, _, _, info = env.step(said)
        else:
            observation, reward, _, _, info = env.truncate(StopReason.CONTEXT_LIMIT)
        grading = info.get("grade_seconds", 0.0)
        seconds = max(0.0, time.monotonic() - start - grading)
        clock.seconds["tools"] += seconds
        clock.seconds["grade"] += grading
        if reply.finished or said:
            steps.append(_step(said, observation, seconds, info))
        total += float(reward)
        if "stop" in info:
            return steps, total, info
    raise Stopped


def _step(action: str, observation: str, seconds: float, info: dict[str, Any]) -> Step:
    return Step(
        action=action,
        tool=info.get("tool"),
        observation=observation,
        seconds=seconds,
        cached=info.get("cached", False),
    )


def _result(info: dict[str, Any], clock: Clock) -> dict[str, Any]:
    verdict: Verdict = info["verdict"]
    if verdict.outcome is Outcome.INFRA_ERROR:
        raise GradeError(verdict.detail)
    return {
        "stop": StopReason(info["stop"]),
        "patch": info["patch"],
        "verdict": verdict,
        "components": info["reward_components"],
        "deadlines": info["deadlines"],
        "timings": {phase: round(seconds, 6) for phase, seconds in clock.seconds.items()},
    }
