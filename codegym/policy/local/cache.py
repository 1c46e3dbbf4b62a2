"""The keys and values of many conversations, kept from one answer to the next.

An agent's context only grows, so its keys and values stay valid until the weights change. Each conversation owns a
slot. To answer a batch, the slots are copied into one working buffer, one row per slot, left-aligned. A token at
position p attends to the positions up to p, so rows of different length need no other mask: padding beyond a row's
end is overwritten before any token attends to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

Slot = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""A conversation's keys and values: one pair per layer, each of shape ``(kv_heads, length, head_dim)``."""


class WorkingCache:
    """The batch's keys and values; each layer's have the shape ``(rows, kv_heads, length, head_dim)``.

    It has the part of transformers' ``Cache`` interface that attention layers call.
    """

    is_compileable = False

    def __init__(self, rows: int, length: int) -> None:
        self._shape = (rows, length)
        self._layers: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._positions = torch.empty(0)
        self._rows = torch.empty(0)
        self.used = 0

    def place(self, positions: torch.Tensor) -> None:
        """Set the positions that the next forward pass writes; their shape is ``(rows, new)``."""
        self._rows = torch.arange(positions.shape[0], device=positions.device)[:, None]
        self._positions = positions
        self.used = int(positions.max()) + 1

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one layer's new keys and values and return all up to the furthest position in use."""
        all_keys, all_values = self._layer(layer, keys)
        all_keys[self._rows, :, self._positions] = keys.transpose(1, 2)
        all_values[self._rows, :, self._positions] = values.transpose(1, 2)
        return all_keys[:, :, : self.used], all_values[:, :, : self.used]

    def get_seq_length(self, _layer: int = 0) -> int:
        """Return 0. The model does not need the length, since it always gets explicit positions."""
        return 0

    def load(self, row: int, slot: Slot) -> None:
        """Copy a slot's content into a row."""
        for layer, (keys, values) in enumerate(slot):
            all_keys, all_values = self._layer(layer, keys[None])
            all_keys[row, :, : keys.shape[1]] = keys
            all_values[row, :, : values.shape[1]] = values

    def save(self, row: int, length: int) -> Slot:
        """Return a copy of a row's first ``length`` positions."""
        return [(keys[row, :, :length].clone(), values[row, :, :length].clone()) for keys, values in self._layers]

    def select(self, rows: torch.Tensor) -> None:
        """Keep the given rows in this order; a row may occur several times."""
        self._shape = (len(rows), self._shape[1])
        self._layers = [(keys[rows], values[rows]) for keys, values in self._layers]

    def _layer(self, layer: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if layer == len(self._layers):
            shape = (self._shape[0], like.shape[1], self._shape[1], like.shape[3])
            self._layers.append((like.new_zeros(shape), like.new_zeros(shape)))
        return self._layers[layer]
