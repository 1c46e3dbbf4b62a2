"""Makes the record of an episode: its job, policy and env, and its ending."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import codegym
from codegym.deadline import Ledger
from codegym.digest import digest_json
from codegym.env import CodeEnv
from codegym.episode import Ending, Episode, Outcome, StopReason, Verdict
from codegym.errors import PolicyError, failure_of
from codegym.policy.protocol import Policy
from codegym.rollout.job import Job
from codegym.tokens import Tokens


def record(
    job: Job,
    policy: Policy,
    env: CodeEnv,
    ending: Ending,
    *,
    reward: float | None = None,
    instruction: str = "",
    first_observation: str = "",
    tokens: Tokens | None = None,
    usage: dict[str, int] | None = None,
) -> Episode:
    """Return the record of an attempt. ``reward`` is ``None`` if the attempt could not be graded."""
    task = env.suite.task(job.task)
    return Episode(
        id=_episode_id(job, policy, env),
        suite=env.suite.name,
        task=task.id,
        task_digest=task.digest,
        policy=policy.name,
        seed=job.seed,
        sample=job.sample,
        instruction=instruction,
        first_observation=first_observation,
        steps=ending.steps,
        stop=ending.stop,
        patch=ending.patch,
        verdict=ending.verdict,
        reward=reward,
        components=dict(ending.components),
        tokens=tokens,
        usage=usage or {},
        timings={phase: round(seconds, 6) for phase, seconds in ending.seconds.items()},
        deadlines=ending.deadlines,
        versions=_versions(env),
    )


def record_failure(job: Job, policy: Policy, env: CodeEnv, ledger: Ledger, errors: Sequence[Exception]) -> Episode:
    """Return the record of a job that the machine kept from being done; its verdict names the last error.

    ``ledger`` is the last attempt's.
    """
    messages = [f"{type(error).__name__}: {error}" for error in errors]
    failure = None if isinstance(errors[-1], PolicyError) else failure_of(errors[-1])
    ending = Ending(
        stop=StopReason.INFRA_ERROR,
        patch="",
        verdict=Verdict(outcome=Outcome.INFRA_ERROR, detail=messages[-1], failure=failure),
        components={},
        steps=(),
        deadlines=ledger.entries(),
        seconds={},
    )
    episode = record(job, policy, env, ending)
    return episode.model_copy(update={"error": "\n".join(dict.fromkeys(messages))})


def _episode_id(job: Job, policy: Policy, env: CodeEnv) -> str:
    task = env.suite.task(job.task)
    identity = {"suite": env.suite.name, "task": task.id, "task_digest": task.digest, "policy": policy.name}
    return digest_json([identity, {"seed": job.seed, "sample": job.sample}])[:16]


def _versions(env: CodeEnv) -> dict[str, str]:
    versions = {"codegym": codegym.__version__, "python": platform.python_version()}
    return versions | {"backend": env.backend.name, "dialect": env.dialect.name}
