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

from torch.utils.data import IterableDataset, get_worker_info
from transformers import DataCollatorForSeq2Seq, PrinterCallback, Trainer, TrainingArguments

from codegym.errors import ConfigError
from codegym.policy.chat import ChatFormat
from codegym.suite import load_suite
from codegym.train.algorithm.budget import Budget
from codegym.train.algorithm.checkpoint import last_checkpoint, steps_of
from codegym.train.algorithm.optimizer import OPTIMIZERS
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.settings import PretrainSettings
from codegym.train.algorithm.supervised import start_model, step_note
from codegym.train.algorithm.trl_config import SUPERVISED, trl_config
from codegym.train.data.conversation import texts
from codegym.train.model.load import save_policy
from codegym.train.reading.library import library_functions
from codegym.train.reading.packages import excluded_packages
from codegym.train.reading.stream import Encoding, Reading, Row, Shortest

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


REFUSED = SUPERVISED | {
    "num_train_epochs": "leave it out: the stream has no end. Set budget_seconds, or max_steps",
    "ignore_data_skip": "leave it out: a resumed phase goes on in the stream where it was",
    "auto_find_batch_size": "leave it out: a row's place in the stream depends on the size of batches",
}
"""Keys that have no effect here, or the wrong one, and what to do instead."""


class StreamRows(IterableDataset[Row]):  # type: ignore[misc]  # torch is not typed for all its subclasses
    """The rows of a stream, as torch's loader takes them: a batch from each of its workers in turn.

    ``rows`` is called with a worker's number and with how many there are.
    """

    def __init__(self, rows: Callable[[int, int], Iterator[Row]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        worker = get_worker_info()
        return self._rows(worker.id, worker.num_workers) if worker else self._rows(0, 1)


@dataclass(frozen=True)
class PretrainPhase:
    """Makes the model of ``[policy.tiny]``, or goes on with the policy so far, and trains it.

    See :class:`~codegym.train.algorithm.protocol.Phase`.
    """

    settings: PretrainSettings
    context: RunContext

    def check(self) -> None:
        """Raise :class:`ConfigError` or :class:`TaskError` for what can't be read, or a wrong ``[phase.trl]``."""
        settings, where = self.settings, f"phase {self.settings.name!r}"
        if self.context.config.env.dialect != "line":
            raise ConfigError(f'{where} writes the line dialect: set dialect = "line" in [env]')
        suite = load_suite(settings.suite)
        if not suite.generated:
            raise ConfigError(f"{where}: suite {settings.suite!r} is not a generated suite")
        for split in filter(None, (settings.split, settings.tokenizer_split)):
            suite.split(split)
            if split.partition("-")[0] != "train":
                raise ConfigError(f"{where}: split {split!r} is for measuring; what is read is of train")
        excluded_packages(settings.excluded)
        if self.arguments().max_steps < 1:
            raise ConfigError(f"[phase.trl] of {where}: max_steps: a number above 0 is needed: leave it out")
        policy = self.context.config.policy
        if policy.tiny:
            self._reading(settings.split).check_fits(Shortest(policy.context_tokens))

    def run(self, start: Path | None) -> Path:
        """Train, going on from the last checkpoint; return the folder of the result."""
        folder = self.context.phases[self.settings.name]
        if folder.policy.exists():
            return folder.policy
        reading = self._reading(self.settings.split)
        checkpoint = last_checkpoint(folder.trainer)
        sampled = self._reading(self.settings.tokenizer_split or self.settings.split)
        sample = islice(sampled.conversations(), self.settings.tokenizer_episodes)
        model, tokenizer = start_model(self.context.config, checkpoint or start, texts(sample))
        folder.record([self._train(model, tokenizer, reading, checkpoint)])
        save_policy(model, tokenizer, folder.policy, self.context.config.policy.lora)
        return folder.policy

    def _reading(self, split: str) -> Reading:
        settings = self.settings
        excluded = frozenset(settings.excluded)
        if settings.library_share:
            library_functions(excluded)  # before workers are forked, which then share it
        return Reading(
            load_suite(settings.suite),
            split,
            self.context.config.seed,
            library_share=settings.library_share,
            made_up_share=settings.made_up_share,
            renamed_share=settings.renamed_share,
            right_share=settings.right_share,
            excluded=excluded,
        )

    def arguments(self) -> TrainingArguments:
        """Return transformers' settings: :data:`DEFAULTS`, overridden by the run's own and by ``[phase.trl]``."""
        config, settings = self.context.config, self.settings
        own: dict[str, Any] = {
            "seed": config.seed,
            "use_cpu": config.policy.device == "cpu",
            "gradient_checkpointing": config.policy.gradient_checkpointing,
            "output_dir": str(self.context.phases[settings.name].trainer),
        }
        return trl_config(TrainingArguments, DEFAULTS | own, settings.trl, settings.name, REFUSED)

    def _train(self, model: Any, tokenizer: Any, reading: Reading, checkpoint: Path | None) -> dict[str, float]:
        args = self.arguments()
        size = args.train_batch_size
        first = -(-self.settings.start // size)
        if checkpoint:
            first += steps_of(checkpoint) * args.gradient_accumulation_steps
        limit = self.context.config.policy.context_tokens
        encoding = Encoding(ChatFormat(tokenizer), limit, self.context.opening())
        reading.check_fits(encoding)  # an error shall come from here, not from the loader's process
        data = StreamRows(
            lambda worker, workers: reading.rows(encoding, size, first, worker=worker, workers=workers)
        )
        optimizer = OPTIMIZERS[self.settings.optimizer](model, args)
        with self.context.display.phase(self.settings.name, f"Reading ({self.settings.name})") as bar:
            budget = Budget(self.settings.budget_seconds, lambda share, state: bar.update(share, step_note(state)))
            trainer = Trainer(
                model=model,
                args=args,
                train_dataset=data,
                data_collator=DataCollatorForSeq2Seq(tokenizer),
                processing_class=tokenizer,
                callbacks=[budget],
                optimizers=(optimizer, budget.rise_and_cosine(optimizer)),
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        last = {key: value for entry in trainer.state.log_history for key, value in entry.items()}
        return {key: last[key] for key in ("loss", "num_input_tokens_seen", "step") if key in last}
