"""Keys and values of many conversations at once, kept from one answer to the next.

An agent's context only grows: what was computed for it stays valid until the weights change. Each
conversation owns a slot. To answer a batch, the slots' contents are laid side by side in one working buffer,
left-aligned; a token at position p sees the keys at positions up to p, so rows of different length need no
other mask, and padding written beyond a row's end is overwritten before anything can see it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

Slot = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""A conversation's keys and values, a pair a layer, each of shape ``(kv_heads, length, head_dim)``."""


class WorkingCache:
    """The batch's keys and values, shape ``(rows, kv_heads, length, head_dim)`` a layer.

    It speaks the part of transformers' ``Cache`` interface that attention layers call.
    """

    is_compileable = False

    def __init__(self, rows: int, length: int) -> None:
        self._shape = (rows, length)
        self._layers: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._positions = torch.empty(0)
        self._rows = torch.empty(0)
        self.used = 0

    def place(self, positions: torch.Tensor) -> None:
        """Say where the next forward pass writes: ``positions`` has shape ``(rows, new)``."""
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
        """Return 0: positions are always given explicitly."""
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
        """Keep these rows in this order; a row may be named several times."""
        self._shape = (len(rows), self._shape[1])
        self._layers = [(keys[rows], values[rows]) for keys, values in self._layers]

    def _layer(self, layer: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if layer == len(self._layers):
            shape = (self._shape[0], like.shape[1], self._shape[1], like.shape[3])
            self._layers.append((like.new_zeros(shape), like.new_zeros(shape)))
        return self._layers[layer]
