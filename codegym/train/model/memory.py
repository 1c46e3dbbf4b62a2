"""How much memory training a model needs, estimated from its configuration before anything is loaded.

Activations are what each layer keeps for its gradient, and the logits in 32 bits. A model of 135M parameters with
four episodes of 940 tokens took 12.4 GB; the estimate is 13.1.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from codegym.train.config import PolicySection

HIDDEN_COPIES, INNER_COPIES = 20, 4
"""Numbers that a layer keeps for each token: so many times the hidden size, and the size inside its MLP."""

LOGITS_COPIES = 4
"""The logits, their log-probabilities, and the gradients of both."""

ADAM_BYTES = 8
"""Two averages for each trained number, in 32 bits."""


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes: ``weights`` of the model; ``training`` of gradients and averages; ``activations`` of one pass."""

    weights: int
    training: int
    activations: int

    @property
    def fixed(self) -> int:
        """What is needed whatever the length of episodes."""
        return self.weights + self.training

    def text(self) -> str:
        """Return the sum and its parts in GB."""
        total, *parts = (
            f"{count / 1e9:.1f} GB"
            for count in (self.fixed + self.activations, self.weights, self.training, self.activations)
        )
        return f"about {total} (weights {parts[0]}, gradients and optimiser {parts[1]}, a pass {parts[2]} at most)"


def estimate(config: Any, policy: PolicySection, rows: int) -> MemoryNeed:
    """Return what ``[policy]`` needs to train ``rows`` full episodes in one pass; 0 rows: without training."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    width = getattr(torch, policy.dtype).itemsize
    weights = sum(one.numel() for one in model.parameters())
    trained = _adapter_size(model, policy.lora.rank) if policy.lora else weights
    tokens = rows * policy.context_tokens
    return MemoryNeed(
        weights=weights * width,
        training=trained * (width + ADAM_BYTES) if rows else 0,
        activations=tokens * _activations_per_token(config, width, checkpointing=policy.gradient_checkpointing),
    )


def available(device: str) -> int:
    """Return the bytes of memory of a device."""
    if device.startswith("cuda"):
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _adapter_size(model: Any, rank: int) -> int:
    layers = (layer for layer in model.modules() if isinstance(layer, torch.nn.Linear))
    return sum(rank * (layer.in_features + layer.out_features) for layer in layers)


def _activations_per_token(config: Any, width: int, *, checkpointing: bool) -> int:
    config = config.get_text_config(decoder=True)
    hidden, inner = config.hidden_size, getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    layer = HIDDEN_COPIES * hidden + INNER_COPIES * inner
    layers = config.num_hidden_layers * hidden + layer if checkpointing else config.num_hidden_layers * layer
    return int(layers * width + LOGITS_COPIES * config.vocab_size * 4)
