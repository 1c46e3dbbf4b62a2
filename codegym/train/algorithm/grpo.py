"""``algorithm = "grpo"``: GRPO through TRL, with episodes from codegym's rollout engine.

What was sampled and what was observed are told apart by ``env_mask``. An episode without a verdict has reward
``None`` and counts for nothing.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig

from codegym.episode import is_graded, too_many_lost
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError, unknown
from codegym.evaluate.attempts import chosen_tasks, rate, solved_note
from codegym.progress.display import PhaseBar
from codegym.rollout.log import EpisodeLog
from codegym.train.algorithm.budget import Budget, Every
from codegym.train.algorithm.checkpoint import last_checkpoint
from codegym.train.algorithm.optimizer import OPTIMIZERS
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.rollouts import Rollouts, serving
from codegym.train.algorithm.settings import GrpoSettings
from codegym.train.algorithm.teaching import TeachingTrainer
from codegym.train.algorithm.trl_config import trl_config
from codegym.train.model.load import load_policy, save_policy

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
    "lr_scheduler_type": "constant_with_warmup",
    "warmup_steps": 2,
    "max_completion_length": None,
}


@dataclass(frozen=True)
class GrpoPhase:
    """Trains on its own episodes; see :class:`~codegym.train.algorithm.protocol.Phase`.

    ``make_rollouts`` makes what plays the episodes; ``callbacks`` are further ones of the trainer.
    """

    settings: GrpoSettings
    context: RunContext
    make_rollouts: Callable[[RunContext, EpisodeLog], Rollouts] = Rollouts
    callbacks: tuple[TrainerCallback, ...] = ()

    def check(self) -> None:
        """Raise :class:`ConfigError` or :class:`TaskError` for a wrong split, curriculum or ``[phase.trl]``."""
        where = self.context.config.eval
        self.context.tasks()
        if not self.context.config.policy.keep_turns:
            raise ConfigError(
                f"phase {self.settings.name!r}: TRL takes one sequence per episode: set keep_turns = true"
            )
        if where.every:
            self.context.suite.split(where.val_split)
        names = list(self.context.phases)
        earlier = names[: names.index(self.settings.name)]
        if self.settings.curriculum and self.settings.curriculum.solved_in not in earlier:
            raise ConfigError(
                f"[phase.curriculum] of phase {self.settings.name!r}: "
                + unknown("earlier phase", self.settings.curriculum.solved_in, earlier)
            )
        self.args()

    def run(self, start: Path | None) -> Path:
        """Train ``start`` and return the folder of the result; goes on from the last checkpoint."""
        folder = self.context.phases[self.settings.name]
        if folder.policy.exists():
            return folder.policy
        if start is None:
            raise ConfigError(
                f"phase {self.settings.name!r} has no policy to train: put a phase that makes one first"
            )
        model, tokenizer = load_policy(self.context.config.policy, start, trainable=True)
        with (
            EpisodeLog(folder.episodes) as log,
            self.context.display.phase(self.settings.name, f"Training with GRPO ({self.settings.name})") as bar,
        ):
            trainer = self._trainer(model, tokenizer, self.make_rollouts(self.context, log), bar)
            last = last_checkpoint(folder.trainer)
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        folder.record(trainer.state.log_history)
        save_policy(model, tokenizer, folder.policy, self.context.config.policy.lora)
        return folder.policy

    def _trainer(self, model: Any, tokenizer: Any, rollouts: Rollouts, bar: PhaseBar) -> TeachingTrainer:
        budget = Budget(self.settings.budget_seconds, _show_solved(bar, rollouts))
        callbacks = [
            budget,
            Every(self.context.config.eval.every, lambda step: self._validate(model, tokenizer, step)),
            *self.callbacks,
        ]
        args = self.args()
        optimizer = OPTIMIZERS[self.settings.optimizer](model, args)
        by_clock = self.settings.budget_seconds and "lr_scheduler_type" not in self.settings.trl
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # rollout_func is experimental
            trainer = TeachingTrainer(
                model=model,
                reward_funcs=env_reward,
                args=args,
                train_dataset=Dataset.from_dict({"prompt": self._tasks()}),
                processing_class=tokenizer,
                callbacks=callbacks,
                optimizers=(optimizer, budget.cosine(optimizer) if by_clock else None),
                rollout_func=rollouts,
            )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def args(self) -> GRPOConfig:
        """Return TRL's settings: :data:`DEFAULTS`, overridden by ``[phase.trl]``."""
        config, settings = self.context.config, self.settings
        own_settings: dict[str, Any] = {"temperature": config.policy.temperature, "seed": config.seed}
        own_settings |= {"use_cpu": config.policy.device == "cpu"}
        own_settings |= {"gradient_checkpointing": config.policy.gradient_checkpointing}
        own_settings |= {"output_dir": str(self.context.phases[settings.name].trainer)}
        return trl_config(GRPOConfig, DEFAULTS | own_settings, settings.trl, settings.name)

    def _tasks(self) -> list[str]:
        """Return the tasks to play: all of the split, or those of them that the curriculum's phase solved."""
        tasks, curriculum = self.context.tasks(), self.settings.curriculum
        played = self.context.phases[curriculum.solved_in].episodes if curriculum else None
        if played is None or not played.is_dir():
            return tasks
        solved = {episode.task for episode in read_episodes(played) if (episode.reward or 0) > 0}
        return [task for task in tasks if task in solved] or tasks

    def _validate(self, model: Any, tokenizer: Any, step: int) -> None:
        """Measure the policy as it is now on the validation split, into the phase's metrics."""
        where, context = self.context.config.eval, self.context
        phase = context.phases[self.settings.name]
        tasks = chosen_tasks(context.suite, where.val_split, where.val_tasks)
        folder = phase.validation(step)
        shutil.rmtree(folder, ignore_errors=True)  # of a policy that was lost with the checkpoints after it
        with serving(model, tokenizer, context.config, version=step) as policy:
            episodes = context.play(policy, tasks, where.val_samples, folder)
        lost = sum(not is_graded(episode) for episode in episodes)
        score = None if too_many_lost(lost, len(episodes)) else rate(episodes)
        phase.record([{"step": step, "val/pass@1": score, "val/tasks": len(tasks), "val/lost": lost}])


def env_reward(episode_reward: list[float | None], **_: object) -> list[float | None]:
    """Return the env's own rewards, ``None`` for an episode without one. TRL calls this as its reward function."""
    return episode_reward


def _show_solved(bar: PhaseBar, rollouts: Rollouts) -> Callable[[float, Any], None]:
    def show(share: float, state: Any) -> None:
        done = max(share, state.global_step / state.max_steps if state.max_steps > 0 else 0.0)
        bar.update(done, f"step {state.global_step}, {solved_note(rollouts.last)}")

    return show
