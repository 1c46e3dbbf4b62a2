"""The keys and values of a batch of conversations, and what is kept of each from one answer to the next.

An agent's context only grows, so its keys and values stay valid until the weights change. Each conversation has
a slot. To answer a batch, the slots are copied into one cache of transformers' kind, one row per slot. Rows end in
the same column: padding is on the left, where masks and windows that count columns are right for any model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

KeysAndValues = tuple[torch.Tensor, torch.Tensor]

Slot = Sequence[KeysAndValues]
"""A conversation's keys and values: one pair per layer, each of shape ``(kv_heads, length, head_dim)``."""

SPARE_COLUMNS = 64
"""A full layer gets room for so many more columns. A few answers' worth: each time, all columns are copied."""


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers is not typed
    """A layer of transformers' cache with room to spare: a new column is written without copying the others.

    It keeps all columns also for a layer with a sliding window; the model's own mask leaves out what is too old.
    """

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new columns, and return all that are in use."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._room = [states[:, :, :0] for states in (key_states, value_states)]
        start = self.get_seq_length()
        end = start + key_states.shape[2]
        if end > self._room[0].shape[2]:
            self._room = [_widened(room, start, end + SPARE_COLUMNS) for room in self._room]
        for room, new in zip(self._room, (key_states, value_states), strict=True):
            room[:, :, start:end] = new
        self._use(end)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        """Keep the given rows in this order; a row may occur several times."""
        used = self.get_seq_length()
        self._room = [room[beam_idx] for room in self._room]
        self._use(used)

    def load(self, slots: Sequence[KeysAndValues | None], lengths: Sequence[int], columns: int) -> None:
        """Fill the empty layer: the first ``lengths`` positions of each row's slot, ending before ``columns``."""
        like = next(slot for slot in slots if slot)
        self.update(*(states.new_zeros(len(slots), len(states), columns, states.shape[2]) for states in like))
        for row, (slot, length) in enumerate(zip(slots, lengths, strict=True)):
            for room, states in zip(self._room, slot or (), strict=False):
                room[row, :, columns - length : columns] = states[:, :length]

    def _use(self, columns: int) -> None:
        self.keys, self.values = (room[:, :, :columns] for room in self._room)


def _widened(room: torch.Tensor, used: int, columns: int) -> torch.Tensor:
    wider = room.new_zeros(*room.shape[:2], columns, room.shape[3])
    wider[:, :, :used] = room[:, :, :used]
    return wider


def keeps_slots(model: Any) -> bool:
    """Return whether all layers of ``model`` keep keys and values only, so that a row can be cut out and put back.

    Layers with a state of another kind (convolutions, recurrent and sparse attention) can't be cut.
    """
    layers = DynamicCache(config=model.config).layers
    return all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in layers)


def new_cache(model: Any) -> Cache:
    """Return an empty cache for ``model``."""
    if keeps_slots(model):
        return Cache(layer_class_to_replicate=RoomyLayer)
    return DynamicCache(config=model.config)


def load_slots(cache: Cache, slots: Sequence[Slot], lengths: Sequence[int], columns: int) -> None:
    """Fill an empty cache of :class:`RoomyLayer` with the first ``lengths`` positions of the rows' slots."""
    for number in range(max(map(len, slots))):
        layer = RoomyLayer()
        layer.load([slot[number] if slot else None for slot in slots], lengths, columns)
        cache.layers.append(layer)


def save_slot(cache: Cache, row: int, length: int) -> Slot:
    """Return a copy of the last ``length`` columns of a row."""
    return [
        (layer.keys[row, :, -length:].clone(), layer.values[row, :, -length:].clone()) for layer in cache.layers
    ]
