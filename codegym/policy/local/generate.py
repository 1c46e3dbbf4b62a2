"""Samples one answer for each of many conversations in one batch.

Conversations with the same ids (the samples of a group, until they differ) share the computation of their prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from codegym.policy.local.cache import Slot, WorkingCache


@dataclass(eq=False)
class Generation:
    """One conversation's request: continue ``ids`` by at most ``max_new`` ids, or up to the end token.

    ``slot`` contains the keys and values of ``ids[:cached]``. The answer is written to ``sampled`` and
    ``logprobs``.
    """

    ids: Sequence[int]
    max_new: int
    random: np.random.Generator
    slot: Slot = ()
    cached: int = 0
    sampled: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Generator:
    """Samples from ``model`` at ``temperature`` (0: greedy) from the whole distribution (no top-k, no top-p)."""

    model: Any
    eos_id: int
    temperature: float = 1.0

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def answer(self, requests: Sequence[Generation], going: Callable[[], bool] = lambda: True) -> None:
        """Sample every request's answer and update its slot. Either all requests have a cached prefix, or none.

        Raises ``RuntimeError`` at the next token if ``going()`` is false; the samples are then incomplete.
        """
        cache, logits = self._prefill(requests)
        active = list(requests)
        while active:
            if not going():
                raise RuntimeError("stopped")
            self._sample(active, logits)
            keep = [i for i, request in enumerate(active) if not self._is_complete(request)]
            self._park(active, cache, set(range(len(active))) - set(keep))
            active = [active[i] for i in keep]
            if not active:
                return
            if len(keep) < len(logits):
                cache.select(torch.tensor(keep, device=self.model.device))
            logits = self._decode(active, cache)

    def _prefill(self, requests: Sequence[Generation]) -> tuple[WorkingCache, torch.Tensor]:
        unique: dict[tuple[int, ...], int] = {}
        inverse = [unique.setdefault(tuple(request.ids), len(unique)) for request in requests]
        first = [requests[inverse.index(row)] for row in range(len(unique))]
        new = [list(request.ids[request.cached :]) for request in first]
        length = max(len(request.ids) + request.max_new for request in requests)
        cache = WorkingCache(len(first), length)
        for row, request in enumerate(first):
            cache.load(row, request.slot)
        width = max(map(len, new))
        starts = torch.tensor([request.cached for request in first])[:, None]
        # A short row's padding may reach past the buffer's end: it is written to the last position, which is
        # always unused at this moment, and no token attends to it.
        positions = (starts + torch.arange(width)[None]).clamp(max=length - 1)
        padded = torch.tensor([row + [0] * (width - len(row)) for row in new])
        last = torch.tensor([len(row) - 1 for row in new])
        logits = self._forward(padded, positions, cache, last)
        cache.select(torch.tensor(inverse, device=self.model.device))
        return cache, logits[inverse]

    def _decode(self, active: Sequence[Generation], cache: WorkingCache) -> torch.Tensor:
        ids = torch.tensor([[request.sampled[-1]] for request in active])
        positions = torch.tensor([[len(request.ids) + len(request.sampled) - 1] for request in active])
        return self._forward(ids, positions, cache, torch.zeros(len(active), dtype=torch.long))

    def _forward(
        self, ids: torch.Tensor, positions: torch.Tensor, cache: WorkingCache, last: torch.Tensor
    ) -> torch.Tensor:
        device = self.model.device
        ids, positions, last = ids.to(device), positions.to(device), last.to(device)
        cache.place(positions)
        attended = torch.arange(cache.used, device=device)[None, None, None] <= positions[:, None, :, None]
        hidden = self.model.base_model(
            input_ids=ids, attention_mask=attended, position_ids=positions, past_key_values=cache, use_cache=True
        ).last_hidden_state
        rows = torch.arange(len(ids), device=device)
        logits: torch.Tensor = self.model.get_output_embeddings()(hidden[rows, last])
        return logits.float()

    def _sample(self, active: Sequence[Generation], logits: torch.Tensor) -> None:
        logprobs = torch.log_softmax(logits / (self.temperature or 1.0), dim=-1)
        if self.temperature:
            draws = torch.tensor([[request.random.random()] for request in active], device=logits.device)
            below = torch.cumsum(logprobs.exp().double(), dim=-1) <= draws
            chosen = below.sum(-1).clamp(max=logits.shape[-1] - 1)
        else:
            chosen = logits.argmax(-1)
        chosen_logprobs = logprobs.gather(-1, chosen[:, None])[:, 0]
        for request, token, logprob in zip(active, chosen.tolist(), chosen_logprobs.tolist(), strict=True):
            request.sampled.append(token)
            request.logprobs.append(logprob)

    def _is_complete(self, request: Generation) -> bool:
        return request.sampled[-1] == self.eos_id or len(request.sampled) >= request.max_new

    def _park(self, active: Sequence[Generation], cache: WorkingCache, rows: set[int]) -> None:
        for row in rows:
            request = active[row]
            request.cached = len(request.ids) + len(request.sampled) - 1
            request.slot = cache.save(row, request.cached)
