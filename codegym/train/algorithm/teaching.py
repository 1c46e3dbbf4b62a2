"""TRL's GRPO without what teaches nothing: rows whose advantage is 0 are not in the forward pass at all.

TRL pads all rows of a generation to the longest, and computes rows of advantage 0 like others. With 940 tokens of
prompt and most groups unsolved, three quarters of a step went into them.
"""

from __future__ import annotations

from typing import Any

import torch
from trl import GRPOTrainer

MEANS_OVER_ROWS = ("grpo", "sapo", "dr_grpo", "luspo")
SUMS_OVER_TOKENS = ("dapo", "cispo", "vespo")
"""TRL's losses by how they weigh rows. In others, a row that teaches nothing changes the weight of the rest."""

COMPLETION_COLUMNS = (
    *("completion_ids", "completion_mask", "tool_mask"),
    *("old_per_token_logps", "sampling_per_token_logps", "ref_per_token_logps"),
)
"""Entries of TRL's inputs with a column for each token of the completion."""


class TeachingTrainer(GRPOTrainer):  # type: ignore[misc]  # trl is not typed
    """GRPO that computes only the rows that teach, and only their columns."""

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        teaches = _teaches(inputs["advantages"])
        if self.beta or self._entropy_bonus_enabled or self.loss_type not in MEANS_OVER_ROWS + SUMS_OVER_TOKENS:
            loss: torch.Tensor = super()._compute_loss(model, inputs)
            return loss
        if not teaches.any():
            return torch.zeros((), device=teaches.device, requires_grad=True)
        loss = super()._compute_loss(model, trimmed(inputs, teaches))
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


def _teaches(advantages: torch.Tensor) -> torch.Tensor:
    """Return which rows have an advantage other than 0."""
    return (advantages.reshape(len(advantages), -1) != 0).any(1)
