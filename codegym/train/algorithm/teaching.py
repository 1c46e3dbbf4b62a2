"""TRL's GRPO without what teaches nothing: rows whose advantage is 0, and tokens that were not sampled.

TRL pads all rows of a generation to the longest, and computes rows of advantage 0 like others. With 940 tokens of
prompt and most groups unsolved, three quarters of a step went into them: here they are not in the forward pass.

TRL also scores observations, and on a CPU prompts and padding as well: the projection to the vocabulary and a
softmax over it, forward and backward. In the demo's episodes one token in seven is sampled; here only those are
scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from trl import GRPOTrainer
from trl.trainer import utils as trl_utils

MEANS_OVER_ROWS = ("grpo", "sapo", "dr_grpo", "luspo")
SUMS_OVER_TOKENS = ("dapo", "cispo", "vespo")
"""TRL's losses by how they weigh rows. In others, a row that teaches nothing changes the weight of the rest."""

COMPLETION_COLUMNS = (
    *("completion_ids", "completion_mask", "tool_mask"),
    *("old_per_token_logps", "sampling_per_token_logps", "ref_per_token_logps"),
)
"""Entries of TRL's inputs with a column for each token of the completion."""


class TeachingTrainer(GRPOTrainer):  # type: ignore[misc]  # trl is not typed
    """GRPO that computes only the rows that teach, only their columns, and scores only what was sampled."""

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        teaches = _teaches(inputs["advantages"])
        if self.beta or self._entropy_bonus_enabled or self.loss_type not in MEANS_OVER_ROWS + SUMS_OVER_TOKENS:
            loss: torch.Tensor = super()._compute_loss(model, inputs)
            return loss
        if not teaches.any():
            return torch.zeros((), device=teaches.device, requires_grad=True)
        rows = trimmed(inputs, teaches)
        with scoring_labels_only():
            loss = super()._compute_loss(scoring(model, sampled(rows)), rows)
        return loss * teaches.float().mean() if self.loss_type in MEANS_OVER_ROWS else loss


def trimmed(inputs: dict[str, Any], rows: torch.Tensor) -> dict[str, Any]:
    """Return the given rows of TRL's inputs, without the columns that are padding in all of them."""
    count = len(rows)
    columns = {
        name: value[rows] if isinstance(value, torch.Tensor) and value.dim() and len(value) == count else value
        for name, value in inputs.items()
    }
    start = int(columns["prompt_mask"].any(0).int().argmax())
    width = columns["completion_mask"].shape[1]
    end = width - int(columns["completion_mask"].any(0).flip(0).int().argmax())
    for name in ("prompt_ids", "prompt_mask"):
        columns[name] = columns[name][:, start:]
    for name in COMPLETION_COLUMNS:
        if name in columns and columns[name].shape[1] == width:
            columns[name] = columns[name][:, :end]
    return columns


def sampled(inputs: dict[str, Any]) -> torch.Tensor:
    """Return which positions of prompt and completion the policy sampled."""
    mask = inputs["completion_mask"] * inputs.get("tool_mask", 1)
    return torch.cat([torch.zeros_like(inputs["prompt_mask"]), mask], 1).bool()


def scoring(model: Any, positions: torch.Tensor) -> Callable[..., Any]:
    """Return ``model`` with the labels of all other positions left out."""

    def call(*, labels: torch.Tensor, **inputs: Any) -> Any:
        return model(labels=labels.masked_fill(~positions, -100), **inputs)

    return call


@contextmanager
def scoring_labels_only() -> Iterator[None]:
    """Let TRL's output layer leave out positions without a label on every device, as it does on GPUs."""
    before = trl_utils._use_triton
    trl_utils._use_triton = lambda _device: True
    try:
        yield
    finally:
        trl_utils._use_triton = before


def _teaches(advantages: torch.Tensor) -> torch.Tensor:
    """Return which rows have an advantage other than 0."""
    return (advantages.reshape(len(advantages), -1) != 0).any(1)
