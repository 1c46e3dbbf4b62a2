"""GRPO through TRL, with episodes from codegym's rollout engine.

TRL asks for completions to prompts; a prompt here is a task's id, and its completion a whole episode: what was
sampled and what was observed, told apart by ``env_mask``. Episodes run side by side on the engine's threads,
with generation batched across them. An episode without a verdict has reward ``None`` and counts for nothing.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback
from trl import GRPOConfig, GRPOTrainer

from codegym.env import CodeEnv
from codegym.episode import Episode
from codegym.errors import PolicyError
from codegym.policy.local.policy import LocalPolicy, Sampling
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job, job_seed
from codegym.rollout.log import EpisodeLog
from codegym.tokens import TokenSequence
from codegym.train.config import RunConfig, trl_config

DEFAULTS: dict[str, Any] = {
    "beta": 0.0,
    "loss_type": "dapo",
    "num_iterations": 1,
    "logging_steps": 1,
    "save_strategy": "steps",
    "save_steps": 10,
    "save_total_limit": 2,
    "report_to": "none",
    "bf16": False,
    "disable_tqdm": True,
    "dataloader_pin_memory": False,
    "gradient_checkpointing": False,
    "lr_scheduler_type": "constant_with_warmup",
    "warmup_steps": 2,
    "max_completion_length": None,
}


@dataclass
class Rollouts:
    """TRL's ``rollout_func``: makes the episodes of one generation step and keeps count of what they cost."""

    config: RunConfig
    make_env: Callable[[], CodeEnv]
    log: EpisodeLog
    seen: Counter[str] = field(default_factory=Counter)
    last: list[Episode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen.update(episode.task for episode in self.log.episodes())

    def __call__(self, prompts: list[str], trainer: GRPOTrainer) -> dict[str, list[Any]]:
        """Play one episode for each prompt and return TRL's fields, in the order of the prompts."""
        jobs = [self._job(task) for task in prompts]
        model, tokenizer = trainer.accelerator.unwrap_model(trainer.model), trainer.processing_class
        with in_use(model, tokenizer, self.config, version=trainer.state.global_step) as policy:
            self.last = self._play(jobs, policy)
        return completions(self.last, trainer.num_generations, tokenizer.eos_token_id)

    def _job(self, task: str) -> Job:
        sample = self.seen[task]
        self.seen[task] += 1
        return Job(task, sample, job_seed(self.config.train.seed, task, sample))

    def _play(self, jobs: list[Job], policy: LocalPolicy) -> list[Episode]:
        episodes = rollout(
            jobs,
            policy,
            self.make_env,
            workers=self.config.rollout.workers,
            retries=self.config.rollout.retries,
        )
        by_job = {}
        for episode in episodes:
            self.log.append(episode)
            by_job[Job.of(episode)] = episode
        return [by_job[job] for job in jobs]


@contextmanager
def in_use(model: Any, tokenizer: Any, config: RunConfig, *, version: int) -> Iterator[LocalPolicy]:
    """Let ``model``, as it is now, answer episodes while the block runs. ``version`` numbers its weights."""
    was_training = model.training
    policy = LocalPolicy(model.eval(), tokenizer, name=config.name, sampling=sampling(config), version=version)
    try:
        yield policy
    finally:
        policy.close()
        model.train(was_training)


def completions(episodes: Sequence[Episode], group: int, eos_id: int) -> dict[str, list[Any]]:
    """Turn episodes into TRL's fields; ``group`` consecutive episodes are attempts at the same task.

    Where all rewards of a group are equal its advantages are 0 and nothing can be learnt from it: its
    completions are cut to one token, so that it costs no computation and does not dilute the loss's mean.
    """
    rows: dict[str, list[Any]] = defaultdict(list)
    for start in range(0, len(episodes), group):
        members = episodes[start : start + group]
        told = len({episode.reward for episode in members if episode.reward is not None}) > 1
        for episode in members:
            for name, value in _row(episode, eos_id, whole=told and episode.reward is not None).items():
                rows[name].append(value)
    return dict(rows)


def _row(episode: Episode, eos_id: int, *, whole: bool) -> dict[str, Any]:
    sequence = _only_sequence(episode)
    if not sequence or not sequence.completion_ids:
        sequence = TokenSequence(prompt_ids=(eos_id,), completion_ids=(eos_id,), mask=(1,), logprobs=(0.0,))
    end = None if whole else 1
    return {
        "prompt_ids": list(sequence.prompt_ids),
        "completion_ids": list(sequence.completion_ids[:end]),
        "logprobs": list(sequence.logprobs[:end]),
        "env_mask": list(sequence.mask[:end]),
        "episode_reward": episode.reward,
    }


def _only_sequence(episode: Episode) -> TokenSequence | None:
    sequences = episode.tokens.sequences if episode.tokens else ()
    if len(sequences) > 1:
        raise PolicyError(
            f"an episode of task {episode.task!r} has {len(sequences)} token sequences, and TRL takes one "
            f"completion per prompt: train policy {episode.policy!r} without what rewrites its history"
        )
    return sequences[0] if sequences else None


def sampling(config: RunConfig) -> Sampling:
    """Return how ``[policy]`` says that answers are drawn."""
    policy = config.policy
    return Sampling(policy.temperature, policy.answer_tokens, policy.context_tokens, policy.batch, policy.threads)


def from_env(episode_reward: list[float | None], **_: object) -> list[float | None]:
    """The reward function that TRL calls: the env's own reward, ``None`` where there is none."""
    return episode_reward


def grpo_args(config: RunConfig, folder: Path) -> GRPOConfig:
    """Return TRL's settings: :data:`DEFAULTS`, and what ``[trl]`` overrides. Raises :class:`ConfigError`."""
    settings = DEFAULTS | {"temperature": config.policy.temperature, "seed": config.train.seed}
    settings |= {"use_cpu": config.policy.device == "cpu", "output_dir": str(folder)}
    return trl_config(GRPOConfig, settings, config.trl, "[trl]")


def make_trainer(
    model: Any,
    tokenizer: Any,
    tasks: Sequence[str],
    *,
    rollouts: Rollouts,
    folder: Path,
    callbacks: Sequence[Any],
) -> GRPOTrainer:
    """Return TRL's trainer over ``tasks``; its output goes below ``folder``."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # rollout_func is experimental
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=from_env,
            args=grpo_args(rollouts.config, folder),
            train_dataset=Dataset.from_dict({"prompt": list(tasks)}),
            processing_class=tokenizer,
            callbacks=list(callbacks),
            rollout_func=rollouts,
        )
    trainer.remove_callback(PrinterCallback)
    return trainer
