"""Times the steps of a trainer of transformers, from the end of one step to the end of the next."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from codegym.bench.training.cost import StepTime


class StepClock(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Collects ``steps``. ``stages_of_step`` returns the parts of the step that has just ended, given its
    wall time.
    """

    def __init__(self, stages_of_step: Callable[[float], dict[str, float]]) -> None:
        self.steps: list[StepTime] = []
        self._stages_of_step = stages_of_step
        self._last = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock."""
        self._last = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Record the step."""
        now = time.monotonic()
        self.steps.append(StepTime(now - self._last, self._stages_of_step(now - self._last)))
        self._last = now
