"""Samples one answer for each of many conversations in one batch, by calling the model itself.

The model makes its own masks and logits; it gets ids, positions, a mask of the padding and a cache. Conversations
with the same ids (the samples of a group, until they differ) share the computation of their prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import signature
from typing import Any

import numpy as np
import torch
from transformers import Cache

from codegym.policy.local.cache import Slot, keeps_slots, load_slots, new_cache, save_slot
from codegym.policy.local.draw import Draw


@dataclass(eq=False)
class Generation:
    """One conversation's request: continue ``ids`` by at most ``max_new`` ids, or up to an end token.

    ``slot`` contains the keys and values of ``ids[:cached]``. The answer is written to ``sampled`` and
    ``logprobs``; ``ended`` says whether its last id is an end token.
    """

    ids: Sequence[int]
    max_new: int
    random: np.random.Generator
    slot: Slot = ()
    cached: int = 0
    sampled: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ended: bool = False


@dataclass
class _Batch:
    """The rows of a batch. All end in the same column; the first ``padding`` columns of a row are padding."""

    cache: Cache
    padding: torch.Tensor
    columns: int

    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows in this order; a row may occur several times."""
        index = torch.tensor(rows, device=self.padding.device)
        self.cache.reorder_cache(index)
        self.padding = self.padding[index]


@dataclass(frozen=True)
class Generator:
    """Samples from ``model`` as ``draw`` says, until one of ``end_ids``."""

    model: Any
    end_ids: Collection[int]
    draw: Draw = field(default_factory=Draw)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def answer(self, requests: Sequence[Generation], going: Callable[[], bool] = lambda: True) -> None:
        """Sample every request's answer and update its slot.

        Quickest if either all requests have a cached prefix, or none. Raises ``RuntimeError`` at the next token if
        ``going()`` is false; the samples are then incomplete.
        """
        batch, logits = self._prefill(requests)
        active = list(requests)
        while True:
            if not going():
                raise RuntimeError("stopped")
            self._sample(active, logits)
            keep = [i for i, request in enumerate(active) if not self._is_complete(request)]
            self._park(active, batch, set(range(len(active))) - set(keep))
            if not keep:
                return
            if len(keep) < len(active):
                active = [active[i] for i in keep]
                batch.select(keep)
            logits = self._forward(torch.tensor([[request.sampled[-1]] for request in active]), batch)

    def _prefill(self, requests: Sequence[Generation]) -> tuple[_Batch, torch.Tensor]:
        """Compute the positions that are in no slot.

        Rows have different numbers of them. So that no gap comes between old and new columns, a row with fewer
        computes some of its old ones again.
        """
        unique: dict[tuple[int, ...], int] = {}
        inverse = [unique.setdefault(tuple(request.ids), len(unique)) for request in requests]
        first = [requests[inverse.index(row)] for row in range(len(unique))]
        length = max(len(request.ids) for request in first)
        width = max(len(request.ids) - request.cached for request in first)
        cache = new_cache(self.model)
        if width < length:
            lengths = [max(0, len(request.ids) - width) for request in first]
            load_slots(cache, [request.slot for request in first], lengths, length - width)
        padding = torch.tensor([length - len(request.ids) for request in first], device=self.model.device)
        batch = _Batch(cache, padding, length - width)
        new = [[0] * (width - len(request.ids)) + list(request.ids[-width:]) for request in first]
        logits = self._forward(torch.tensor(new), batch)
        if len(first) < len(requests):
            batch.select(inverse)
            logits = logits[inverse]
        return batch, logits

    def _forward(self, ids: torch.Tensor, batch: _Batch) -> torch.Tensor:
        """Let the model read one more piece of each row; return the logits after its last id."""
        start, device = batch.columns, self.model.device
        batch.columns += ids.shape[1]
        positions = torch.arange(batch.columns, device=device)[None] - batch.padding[:, None]
        inputs = {
            "attention_mask": (positions >= 0).long(),
            "position_ids": positions[:, start:].clamp(min=0),
            "past_key_values": batch.cache,
            "cache_params": batch.cache,
            "logits_to_keep": 1,
        }
        accepted = {name: value for name, value in inputs.items() if name in self._inputs}
        logits: torch.Tensor = self.model(input_ids=ids.to(device), use_cache=True, **accepted).logits
        return logits[:, -1].float()

    @cached_property
    def _inputs(self) -> Collection[str]:
        """The names of what the model's forward takes, below adapters."""
        inner = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        return signature(inner.forward).parameters

    @cached_property
    def _keeps_slots(self) -> bool:
        return keeps_slots(self.model)

    def _sample(self, active: Sequence[Generation], logits: torch.Tensor) -> None:
        chosen, logprobs = self.draw(logits, [request.random for request in active])
        for request, token, logprob in zip(active, chosen, logprobs, strict=True):
            request.sampled.append(token)
            request.logprobs.append(logprob)
            request.ended = token in self.end_ids

    def _is_complete(self, request: Generation) -> bool:
        return request.ended or len(request.sampled) >= request.max_new

    def _park(self, active: Sequence[Generation], batch: _Batch, rows: set[int]) -> None:
        for row in rows if self._keeps_slots else ():
            request = active[row]
            request.cached = len(request.ids) + len(request.sampled) - 1
            request.slot = save_slot(batch.cache, row, request.cached)
