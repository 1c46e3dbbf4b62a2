"""``algorithm = "pretrain"``: makes a base model that reads written episodes, through transformers' Trainer.

Nothing is played: :mod:`codegym.train.reading` writes the episodes. The model learns to predict all that it reads,
which is how a small model comes to copy names and to see what does not belong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import IterableDataset
from transformers import DataCollatorForSeq2Seq, PrinterCallback, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from codegym.errors import ConfigError
from codegym.policy.chat import ChatFormat
from codegym.suite import load_suite
from codegym.train.algorithm.budget import Budget
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.settings import PretrainSettings
from codegym.train.algorithm.trl_config import trl_config
from codegym.train.config import TinySection
from codegym.train.data.conversation import texts
from codegym.train.model.load import load_policy, save_policy, torch_dtype
from codegym.train.model.tiny import make_model, make_tokenizer
from codegym.train.reading.library import library_functions
from codegym.train.reading.stream import Reading, Row

DEFAULTS: dict[str, Any] = {
    "per_device_train_batch_size": PretrainSettings.default_rows,
    "learning_rate": 2e-3,
    "adam_beta2": 0.98,
    "weight_decay": 0.05,
    "max_steps": 10_000_000,
    "logging_steps": 50,
    "save_steps": 500,
    "save_total_limit": 2,
    "include_num_input_tokens_seen": "non_padding",
    "ignore_data_skip": True,
    "dataloader_num_workers": 1,
    "report_to": "none",
    "bf16": False,
    "disable_tqdm": True,
    "dataloader_pin_memory": False,
}


class _Rows(IterableDataset[Row]):  # type: ignore[misc]  # torch is not typed for all its subclasses
    """The rows of a stream, as torch's loader takes them."""

    def __init__(self, rows: Callable[[], Iterator[Row]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return self._rows()


@dataclass(frozen=True)
class PretrainPhase:
    """Makes the model of ``[policy.tiny]``, or goes on with the policy so far, and trains it.

    See :class:`~codegym.train.algorithm.protocol.Phase`.
    """

    settings: PretrainSettings
    context: RunContext

    def check(self) -> None:
        """Raise :class:`ConfigError` for a suite that is not generated, or a wrong ``[phase.trl]``."""
        if self.context.config.env.dialect != "line":
            raise ConfigError(
                f'phase {self.settings.name!r} writes the line dialect: set dialect = "line" in [env]'
            )
        if not load_suite(self.settings.suite).generated:
            raise ConfigError(
                f"phase {self.settings.name!r}: suite {self.settings.suite!r} is not a generated suite"
            )
        self._args()

    def run(self, start: Path | None) -> Path:
        """Train, going on from the last checkpoint; return the folder of the result."""
        folder = self.context.phases[self.settings.name]
        if folder.policy.exists():
            return folder.policy
        reading = self._reading()
        checkpoint = get_last_checkpoint(folder.trainer) if folder.trainer.is_dir() else None
        model, tokenizer = self._model(Path(checkpoint) if checkpoint else start, reading)
        folder.record([self._train(model, tokenizer, reading, checkpoint)])
        save_policy(model, tokenizer, folder.policy)
        return folder.policy

    def _reading(self) -> Reading:
        settings = self.settings
        excluded = frozenset(settings.excluded)
        if settings.library_share:
            library_functions(excluded)  # before workers are forked, which then share it
        return Reading(
            load_suite(settings.suite),
            settings.split,
            self.context.config.seed,
            library_share=settings.library_share,
            renamed_share=settings.renamed_share,
            right_share=settings.right_share,
            excluded=excluded,
        )

    def _model(self, start: Path | None, reading: Reading) -> tuple[Any, Any]:
        config, policy = self.context.config, self.context.config.policy
        if start is not None:
            return load_policy(policy, start, trainable=True)
        shape = policy.tiny or TinySection()
        sample = islice(reading.conversations(), self.settings.tokenizer_episodes)
        tokenizer = make_tokenizer(texts(sample), shape.vocabulary)
        model = make_model(shape, tokenizer, context=policy.context_tokens, seed=config.seed)
        return model.to(policy.device, torch_dtype(policy.dtype)), tokenizer

    def _args(self) -> TrainingArguments:
        config, settings = self.context.config, self.settings
        own: dict[str, Any] = {
            "seed": config.seed,
            "use_cpu": config.policy.device == "cpu",
            "output_dir": str(self.context.phases[settings.name].trainer),
        }
        return trl_config(TrainingArguments, DEFAULTS | own, settings.trl, settings.name)

    def _train(self, model: Any, tokenizer: Any, reading: Reading, checkpoint: str | None) -> dict[str, float]:
        args = self._args()
        rows = args.per_device_train_batch_size
        done = int(checkpoint.rpartition("-")[2]) * rows if checkpoint else 0
        chat, limit, opening = (
            ChatFormat(tokenizer),
            self.context.config.policy.context_tokens,
            self.context.opening(),
        )

        data = _Rows(lambda: reading.rows(chat, limit, opening, rows, start=self.settings.start + done))
        optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=args.learning_rate,
            betas=(args.adam_beta1, args.adam_beta2),
            weight_decay=args.weight_decay,
        )
        with self.context.display.phase(self.settings.name, f"Reading ({self.settings.name})") as bar:
            budget = Budget(self.settings.budget_seconds, lambda share, state: bar.update(share, _progress(state)))
            trainer = Trainer(
                model=model,
                args=args,
                train_dataset=data,
                data_collator=DataCollatorForSeq2Seq(tokenizer),
                processing_class=tokenizer,
                callbacks=[budget],
                optimizers=(optimizer, budget.cosine(optimizer)),
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train(resume_from_checkpoint=checkpoint)
        last = {key: value for entry in trainer.state.log_history for key, value in entry.items()}
        return {key: last[key] for key in ("loss", "num_input_tokens_seen", "step") if key in last}


def _progress(state: Any) -> str:
    loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
    return f"step {state.global_step}, loss {float(loss):.2f}" if loss is not None else ""
