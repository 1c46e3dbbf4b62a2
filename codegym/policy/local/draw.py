"""Draws ids from logits: temperature, top-k and top-p as transformers has them, and one random source per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import TopKLogitsWarper, TopPLogitsWarper


@dataclass(frozen=True)
class Draw:
    """How an id is drawn. ``temperature`` 0 is greedy; ``top_k`` 0 and ``top_p`` 1 leave nothing out."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0

    def __call__(
        self, logits: torch.Tensor, randoms: Sequence[np.random.Generator]
    ) -> tuple[list[int], list[float]]:
        """Return an id for each row, and its log-probability in the distribution that it was drawn from."""
        logits = logits / (self.temperature or 1.0)
        if not self.temperature:
            chosen = logits.argmax(-1)
        if self.temperature and self.top_k:
            logits = TopKLogitsWarper(self.top_k)(None, logits)
        if self.temperature and self.top_p < 1:
            logits = TopPLogitsWarper(self.top_p)(None, logits)
        logprobs = torch.log_softmax(logits, dim=-1)
        if self.temperature:
            draws = torch.tensor([[random.random()] for random in randoms], device=logits.device)
            upto = torch.cumsum(logprobs.exp().double(), dim=-1)
            below = upto <= draws * upto[:, -1:]
            chosen = below.sum(-1).clamp(max=logits.shape[-1] - 1)
        return chosen.tolist(), logprobs.gather(-1, chosen[:, None])[:, 0].tolist()
