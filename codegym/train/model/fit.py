"""What does not fit together is refused before anything is loaded, with what to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from codegym.errors import ConfigError
from codegym.policy.local.load import ADAPTER, load_config
from codegym.policy.local.sampling import context_of
from codegym.train.config import PolicySection
from codegym.train.model.load import torch_dtype
from codegym.train.model.memory import MemoryNeed, available, estimate

UNREADABLE = (OSError, ValueError, ImportError, LookupError, TypeError, AttributeError)
"""The exceptions of transformers for a configuration that is missing, broken, or of an unknown kind."""


def check_policy(policy: PolicySection, rows: int) -> MemoryNeed | None:
    """Check ``[policy]``, and return what memory training needs; ``None`` for a model made from nothing.

    ``rows`` is the most episodes in one pass of training, 0 without training. Raises :class:`ConfigError`.
    """
    _check_machine(policy)
    if policy.tiny:
        return None
    if policy.lora and (Path(policy.model) / ADAPTER).exists():
        raise ConfigError(
            f"[policy] model {policy.model!r} is an adapter, which is trained on: leave out [policy.lora]"
        )
    config = _config(policy.model)
    if policy.context_tokens > context_of(config):
        raise ConfigError(
            f"[policy] context_tokens = {policy.context_tokens}, but {policy.model!r} has {context_of(config)} "
            "positions: lower it"
        )
    needed = estimate(config, policy, rows)
    if needed.fixed > available(policy.device):
        raise ConfigError(
            f"[policy] {policy.model!r} needs {needed.text()}, and {policy.device} has "
            f'{available(policy.device) / 1e9:.1f} GB: use a smaller model, dtype = "bfloat16" or [policy.lora]'
        )
    return needed


def _check_machine(policy: PolicySection) -> None:
    torch_dtype(policy.dtype)
    try:
        torch.empty(0, device=policy.device)
    except (RuntimeError, AssertionError) as error:  # an assertion if torch was built without CUDA
        reason, _, _ = str(error).partition("\n")
        raise ConfigError(f"[policy] device {policy.device!r}: {reason}") from error
    if policy.dtype == "float16":
        raise ConfigError("[policy] dtype float16 is too narrow for gradients: use bfloat16 or float32")
    if policy.attention.startswith("flash") and policy.device == "cpu":
        raise ConfigError(f"[policy] attention {policy.attention!r} needs a GPU: use sdpa or eager")


def _config(model: str) -> Any:
    try:
        return load_config(model)
    except UNREADABLE as error:
        raise ConfigError(f"[policy] model {model!r}: {error}") from error
