"""``algorithm = "sft"``: imitation of played episodes through TRL's SFTTrainer.

It teaches the form of moves and how an episode goes. If there is no policy yet, it makes the tiny one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback
from trl import SFTConfig, SFTTrainer

from codegym.episode import Episode
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError
from codegym.policy.chat import ChatFormat
from codegym.policy.protocol import Policy
from codegym.policy.script.gold import gold
from codegym.policy.script.repair import repair
from codegym.policy.script.translate import translate
from codegym.train.algorithm.budget import Budget
from codegym.train.algorithm.optimizer import OPTIMIZERS
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.settings import SftSettings
from codegym.train.algorithm.supervised import start_model, step_note
from codegym.train.algorithm.trl_config import SUPERVISED, trl_config
from codegym.train.data.conversation import Conversation, conversation_of, encode, texts
from codegym.train.model.load import save_policy

DEFAULTS: dict[str, Any] = {
    "per_device_train_batch_size": SftSettings.default_rows,
    "learning_rate": 2e-3,
    "adam_beta2": 0.98,
    "weight_decay": 0.05,
    "num_train_epochs": 1000,
    "train_sampling_strategy": "group_by_length",
    "logging_steps": 20,
    "save_strategy": "no",
    "report_to": "none",
    "bf16": False,
    "disable_tqdm": True,
    "dataloader_pin_memory": False,
}

SCRIPTS = {"gold": gold, "repair": repair}
"""Who can play what is imitated, by the name that ``[phase.data] policy`` has."""

TOKENIZER_CONVERSATIONS = 8000
"""The most conversations that a tokenizer is trained on; more make no better vocabulary, and take long."""

Rows = list[dict[str, list[int]]]


@dataclass(frozen=True)
class SftPhase:
    """Plays ``[phase.data]`` and trains on it; see :class:`~codegym.train.algorithm.protocol.Phase`."""

    settings: SftSettings
    context: RunContext

    def check(self) -> None:
        """Raise :class:`ConfigError` for a dialect that the script does not speak, or a wrong ``[phase.trl]``."""
        data = self.settings.data
        if data.episodes:
            self._recorded()
        elif (only := SCRIPTS[data.policy]().dialect) not in ("", self.context.config.env.dialect):
            raise ConfigError(
                f"the script of phase {self.settings.name!r} speaks the {only} dialect: "
                f'set dialect = "{only}" in [env], or policy = "gold" or episodes = "FOLDER" in [phase.data]'
            )
        self.context.tasks()
        self._args()

    def run(self, start: Path | None) -> Path:
        """Train ``start``, or a tiny policy made from nothing; return the folder of the result."""
        folder = self.context.phases[self.settings.name]
        if folder.policy.exists():
            return folder.policy
        conversations = self._conversations()
        sample = conversations[:TOKENIZER_CONVERSATIONS]
        model, tokenizer = start_model(self.context.config, start, texts(sample))
        with self.context.display.phase(self.settings.name, f"Supervised training ({self.settings.name})") as bar:
            metrics = self._imitate(
                model, tokenizer, conversations, lambda share, state: bar.update(share, step_note(state))
            )
        folder.record([metrics])
        save_policy(model, tokenizer, folder.policy, self.context.config.policy.lora)
        return folder.policy

    def _recorded(self) -> list[Episode]:
        """Return the solved episodes of ``[phase.data] episodes`` that are of this run's tasks."""
        path, tasks = Path(self.settings.data.episodes), set(self.context.tasks())
        solved = [one for one in read_episodes(path) if one.task in tasks and (one.reward or 0) > 0]
        if not solved:
            raise ConfigError(f"[phase.data] episodes {str(path)!r}: none of them solved a task of [env] split")
        return solved

    def _player(self) -> tuple[Policy, list[str]]:
        """Return who plays what is imitated, and the tasks that it can play."""
        data = self.settings.data
        if data.episodes:
            episodes = self._recorded()
            return translate(episodes), sorted({episode.task for episode in episodes})
        return SCRIPTS[data.policy](), self.context.tasks()

    def _conversations(self) -> list[Conversation]:
        """Let the player play, and return its episodes as conversations, in an order decided by the run's seed.

        Only what it solved is imitated.
        """
        context, data, name = self.context, self.settings.data, self.settings.name
        choose = random.Random(context.config.seed)  # noqa: S311 - not for secrets
        player, tasks = self._player()
        played = choose.sample(tasks, min(data.tasks, len(tasks)))
        with context.display.phase(f"{name}-data", f"Playing what to imitate ({name})") as bar:
            episodes = context.play(player, played, data.samples, context.phases[name].episodes, bar)
        conversations = [
            conversation_of(episode) for episode in episodes if episode.steps and (episode.reward or 0) > 0
        ]
        choose.shuffle(conversations)
        return conversations

    def _args(self) -> SFTConfig:
        """Return TRL's settings: :data:`DEFAULTS`, overridden by ``[phase.trl]``."""
        config, settings = self.context.config, self.settings
        own_settings: dict[str, Any] = {
            "max_length": None,
            "seed": config.seed,
            "use_cpu": config.policy.device == "cpu",
            "gradient_checkpointing": config.policy.gradient_checkpointing,
        }
        own_settings |= {"output_dir": str(self.context.phases[settings.name].trainer)}
        return trl_config(SFTConfig, DEFAULTS | own_settings, settings.trl, settings.name, SUPERVISED)

    def _imitate(
        self, model: Any, tokenizer: Any, conversations: Sequence[Conversation], show: Callable[[float, Any], None]
    ) -> dict[str, float]:
        """Train ``model`` within ``budget_seconds``; return the last metrics.

        First it learns to predict everything, which is how a small model comes to copy names and to notice what
        does not belong; then only the answers.
        """
        folder = self.context.phases[self.settings.name].episodes
        if not conversations:
            raise ConfigError(
                f"phase {self.settings.name!r} has nothing to imitate: no episode solved its task (see {folder})"
            )
        chat, limit = ChatFormat(tokenizer), self.context.config.policy.context_tokens
        opening = self.context.opening()
        rows = [encode(conversation, chat, limit, opening) for conversation in conversations]
        answers = [row for row in rows if row]
        if not answers:
            raise ConfigError(
                f"phase {self.settings.name!r} has nothing to imitate: of {len(rows)} conversations none has at "
                f"most {limit} tokens ([policy] context_tokens); they are in {folder}"
            )
        everything = [{"input_ids": row["input_ids"], "labels": row["input_ids"]} for row in answers]
        args = self._args()
        optimizer = OPTIMIZERS[self.settings.optimizer](model, args)
        share, seconds = self.settings.reading_share, self.settings.budget_seconds
        first = Budget(share * seconds, lambda done, state: show(share * done, state))
        if share:
            _fit(model, tokenizer, everything, args, first, (optimizer, first.steady(optimizer)))
        second = Budget((1 - share) * seconds, lambda done, state: show(share + (1 - share) * done, state))
        return _fit(model, tokenizer, answers, args, second, (optimizer, second.cosine(optimizer)))


def _fit(  # noqa: PLR0917
    model: Any, tokenizer: Any, rows: Rows, args: SFTConfig, budget: Budget, optimizers: Any
) -> dict[str, float]:
    trainer = SFTTrainer(
        model=model,
        args=args,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        callbacks=[budget],
        optimizers=optimizers,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return _last_metrics(trainer.state.log_history)


def _last_metrics(history: Iterable[dict[str, float]]) -> dict[str, float]:
    last = {key: value for entry in history for key, value in entry.items()}
    return {key: last[key] for key in ("loss", "mean_token_accuracy", "num_tokens", "step") if key in last}
