"""Supervised warm-up through TRL's SFTTrainer: the form of moves, and how an episode goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback
from trl import SFTConfig, SFTTrainer

from codegym.policy.chat import ChatFormat
from codegym.policy.protocol import Opening
from codegym.task import FolderSource, Task, TestPlan
from codegym.train.budget import Budget
from codegym.train.config import RunConfig, WarmupSection, trl_config
from codegym.train.corpus import Conversation

IGNORED = -100
"""The label of a token that the loss leaves out."""

DEFAULTS: dict[str, Any] = {
    "per_device_train_batch_size": 48,
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
    "gradient_checkpointing": False,
}


def encode(conversation: Conversation, chat: ChatFormat, limit: int) -> dict[str, list[int]] | None:
    """Return ``input_ids`` and ``labels`` as an episode of this conversation would have them.

    Labels cover what was said, with its end token. ``None`` if that makes more than ``limit`` ids.
    """
    ids = chat.opening_ids(_opening(conversation[0].seen))
    labels = [IGNORED] * len(ids)
    for number, turn in enumerate(conversation):
        if number:
            seen = chat.observation_ids(turn.seen, ended=True)
            ids, labels = ids + seen, labels + [IGNORED] * len(seen)
        said = [*chat.ids(turn.said), chat.eos_id]
        ids, labels = ids + said, labels + said
    return {"input_ids": ids, "labels": labels} if len(ids) <= limit else None


def sft_args(config: RunConfig, folder: Path) -> SFTConfig:
    """Return TRL's settings: :data:`DEFAULTS`, and what ``[warmup.trl]`` says. Raises :class:`ConfigError`."""
    settings = DEFAULTS | {"max_length": None, "seed": config.train.seed, "output_dir": str(folder)}
    settings |= {"use_cpu": config.policy.device == "cpu"}
    return trl_config(SFTConfig, settings, config.warmup.trl if config.warmup else {}, "[warmup.trl]")


def warm_up(
    model: Any,
    tokenizer: Any,
    conversations: Sequence[Conversation],
    *,
    config: RunConfig,
    folder: Path,
    told: Callable[[float, Any], None],
) -> dict[str, float]:
    """Train ``model`` on ``conversations`` within ``[warmup] budget_seconds``; return the last metrics.

    First it learns to predict everything, which is how a small model comes to copy names and to notice what
    does not belong; then only what is to be said.
    """
    warmup = config.warmup or WarmupSection()
    chat = ChatFormat(tokenizer)
    rows = [encode(conversation, chat, config.policy.context_tokens) for conversation in conversations]
    saying = [row for row in rows if row]
    reading = [{"input_ids": row["input_ids"], "labels": row["input_ids"]} for row in saying]
    args = sft_args(config, folder)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=args.learning_rate,
        betas=(args.adam_beta1, args.adam_beta2),
        weight_decay=args.weight_decay,
    )
    share, seconds = warmup.reading_share, warmup.budget_seconds
    first = Budget(share * seconds, lambda done, state: told(share * done, state))
    if share:
        _fit(model, tokenizer, reading, args, first, (optimizer, first.steady(optimizer)))
    second = Budget((1 - share) * seconds, lambda done, state: told(share + (1 - share) * done, state))
    return _fit(model, tokenizer, saying, args, second, (optimizer, second.cosine(optimizer)))


def _fit(  # noqa: PLR0917
    model: Any, tokenizer: Any, rows: list[dict[str, list[int]]], args: SFTConfig, budget: Budget, optimizers: Any
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
    return _metrics(trainer.state.log_history)


def _metrics(history: Iterable[dict[str, float]]) -> dict[str, float]:
    last = {key: value for entry in history for key, value in entry.items()}
    return {key: last[key] for key in ("loss", "mean_token_accuracy", "num_tokens", "step") if key in last}


def _opening(observation: str) -> Opening:
    nothing = TestPlan(framework="pytest", fail_to_pass=())
    task = Task(id="-", instruction="", source=FolderSource(path="", digest=""), tests=nothing, image="python")
    return Opening(task=task, system="", observation=observation, seed=0)
