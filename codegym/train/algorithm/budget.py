"""Training within a number of seconds, whatever the machine: the clock drives the schedule and the end.

A schedule over steps has to know how many there will be, and a laptop makes fewer than a server. Here the
learning rate follows the share of the budget that is spent, so it has decayed when time is up. Every checkpoint
contains the seconds spent: training that resumes from one has the rest of the budget, not a new one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState

RISE_STEPS = 50
"""Steps until the learning rate of a steady schedule is reached: Adam's first estimates are noisy."""

FLOOR = 0.05
"""The share of the learning rate that is left when the budget is spent."""


class Budget(TrainerCallback, ExportableState):  # type: ignore[misc]  # transformers is not typed
    """Ends training after ``seconds`` (0: never), when the step in progress is done.

    ``on_step`` is called after every step, with :attr:`share` and the trainer's state.
    """

    def __init__(
        self, seconds: float, on_step: Callable[[float, TrainerState], None] = lambda _share, _state: None
    ) -> None:
        self.seconds = seconds
        self._on_step = on_step
        self._start: float | None = None

    @property
    def spent(self) -> float:
        """Seconds of training so far, including those before the checkpoint that it resumed from."""
        return 0.0 if self._start is None else time.monotonic() - self._start

    @property
    def share(self) -> float:
        """The part of the budget that is spent, from 0 to 1; 0 before training, and without a budget."""
        return min(1.0, self.spent / self.seconds) if self.seconds else 0.0

    def state(self) -> dict[str, Any]:
        """Return what transformers writes into a checkpoint."""
        return {"args": {}, "attributes": {"spent": self.spent}}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock, at what was spent before the checkpoint if training resumes from one."""
        before = state.stateful_callbacks.setdefault("Budget", self.state())
        self._start = time.monotonic() - before["attributes"]["spent"]

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Stop when the budget is spent."""
        self._on_step(self.share, state)
        control.should_training_stop = control.should_training_stop or self.share >= 1.0
        return control

    def steady(self, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LambdaLR:
        """Return a schedule that rises for :data:`RISE_STEPS` steps and then stays."""
        return torch.optim.lr_scheduler.LambdaLR(optimizer, self._rise)

    def cosine(self, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LambdaLR:
        """Return a schedule over the budget: half a cosine, down to :data:`FLOOR`."""
        return torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)

    def rise_and_cosine(self, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LambdaLR:
        """Return :meth:`cosine` after a rise of :data:`RISE_STEPS` steps, for a model that is not trained yet."""
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self._rise(step) * self._rate(step))

    def _rate(self, _step: int) -> float:
        return FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * self.share))

    @staticmethod
    def _rise(step: int) -> float:
        return min(1.0, (step + 1) / RISE_STEPS)


class Every(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Calls ``do`` with the step's number after every ``steps`` steps (0: never)."""

    def __init__(self, steps: int, do: Callable[[int], None]) -> None:
        self._steps = steps
        self._do = do

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Call ``do`` if it is time."""
        if self._steps and state.global_step % self._steps == 0:
            self._do(state.global_step)
