"""Episodes of the model that is being trained, as TRL's ``rollout_func``: shared by on-policy algorithms.

TRL asks for completions of prompts. Here a prompt is a task's id, and its completion a whole episode. Episodes run
side by side on the engine's threads, with generation batched across them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from codegym.episode import Episode
from codegym.policy.local.policy import LocalPolicy
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job, job_seed
from codegym.rollout.log import EpisodeLog
from codegym.rollout.play import play
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.stages import Stages, stages_of
from codegym.train.config import RunConfig
from codegym.train.data.trajectory import completions
from codegym.train.model.load import sampling


@dataclass
class Rollouts:
    """Makes the episodes of a generation step, and writes them to ``log``.

    ``make_policy`` makes the policy that plays, with the arguments of :class:`LocalPolicy`. ``attempts`` counts
    the episodes of each task so far, which decides the next one's seed; ``last`` are those of the last step, and
    ``stages`` is how long they took.
    """

    context: RunContext
    log: EpisodeLog
    make_policy: Callable[..., LocalPolicy] = LocalPolicy
    attempts: Counter[str] = field(default_factory=Counter)
    last: list[Episode] = field(default_factory=list)
    stages: Stages = field(default_factory=Stages)

    def __post_init__(self) -> None:
        self.attempts.update(episode.task for episode in self.log.episodes())

    def __call__(self, prompts: list[str], trainer: Any) -> dict[str, list[Any]]:
        """Play one episode per prompt and return TRL's fields, in the order of the prompts."""
        began = time.monotonic()
        jobs = [self._job(task) for task in prompts]
        config, version = self.context.config, trainer.state.global_step
        model, tokenizer = trainer.accelerator.unwrap_model(trainer.model), trainer.processing_class
        with serving(model, tokenizer, config, version=version, make_policy=self.make_policy) as policy:
            self.last = self._play(jobs, policy)
        workers = min(config.rollout.workers, len(jobs))
        self.stages = stages_of(self.last, policy.answering_seconds, workers, time.monotonic() - began)
        return completions(self.last, trainer.num_generations, tokenizer.eos_token_id)

    def _job(self, task: str) -> Job:
        sample = self.attempts[task]
        self.attempts[task] += 1
        return Job(task, sample, job_seed(self.context.config.seed, task, sample))

    def _play(self, jobs: list[Job], policy: LocalPolicy) -> list[Episode]:
        settings = self.context.config.rollout
        by_job = {}
        for episode in rollout(
            jobs, play, policy, self.context.make_env, workers=settings.workers, retries=settings.retries
        ):
            self.log.append(episode)
            by_job[Job.of(episode)] = episode
        return [by_job[job] for job in jobs]


@contextmanager
def serving(
    model: Any,
    tokenizer: Any,
    config: RunConfig,
    *,
    version: int,
    make_policy: Callable[..., LocalPolicy] = LocalPolicy,
) -> Iterator[LocalPolicy]:
    """Let ``model``, as it is now, answer episodes while the block runs. ``version`` numbers its weights."""
    was_training = model.training
    policy = make_policy(
        model.eval(), tokenizer, name=config.name, sampling=sampling(config.policy), version=version
    )
    try:
        yield policy
    finally:
        policy.close()
        model.train(was_training)
