"""Loads and saves a run's models, as ``[policy]`` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from codegym.errors import ConfigError
from codegym.policy.local.load import load_model
from codegym.policy.local.sampling import Sampling
from codegym.train.config import PolicySection


def check_policy(policy: PolicySection) -> None:
    """Raise :class:`ConfigError` if this machine lacks the device, or torch the dtype."""
    torch_dtype(policy.dtype)
    try:
        torch.empty(0, device=policy.device)
    except (RuntimeError, AssertionError) as error:  # an assertion if torch was built without CUDA
        reason, _, _ = str(error).partition("\n")
        raise ConfigError(f"[policy] device {policy.device!r}: {reason}") from error


def load_policy(policy: PolicySection, path: Path) -> tuple[Any, Any]:
    """Load the model in ``path``, a folder or a hub's name, and its tokenizer.

    Raises :class:`PolicyError` if it can't be loaded, :class:`ConfigError` if its chat template can't be used.
    """
    return load_model(str(path), dtype=torch_dtype(policy.dtype), device=policy.device)


def save_policy(model: Any, tokenizer: Any, target: Path) -> None:
    """Write a model and its tokenizer to ``target``, whole or not at all."""
    draft = target.with_name(f".{target.name}")
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    draft.rename(target)


def sampling(policy: PolicySection) -> Sampling:
    """Return how ``[policy]`` says that answers are sampled."""
    return Sampling(
        temperature=policy.temperature,
        top_p=1.0,
        top_k=0,
        answer=policy.answer_tokens,
        context=policy.context_tokens,
        batch=policy.batch,
        threads=policy.threads,
        keep_turns=policy.keep_turns,
    )


def torch_dtype(name: str) -> torch.dtype:
    """Return torch's dtype of that name. Raises :class:`ConfigError` if there is none."""
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        raise ConfigError(f"[policy] dtype {name!r} is not a torch dtype: use float32 or bfloat16")
    return dtype
