"""Loads and saves a run's models, as ``[policy]`` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from codegym.errors import ConfigError
from codegym.policy.local.load import load_model, saves_adapter_only
from codegym.policy.local.sampling import Sampling
from codegym.train.config import LoraSection, PolicySection


def load_policy(policy: PolicySection, path: Path, *, trainable: bool = False) -> tuple[Any, Any]:
    """Load the model in ``path``, a folder, a hub's name or a GGUF file, and its tokenizer.

    ``trainable``: with the adapter that ``[policy.lora]`` asks for, unless the model has one already. Raises
    :class:`PolicyError` if it can't be loaded, :class:`ConfigError` if its chat template can't be used.
    """
    model, tokenizer = load_model(
        str(path),
        dtype=torch_dtype(policy.dtype),
        device=policy.device,
        attention=policy.attention or None,
        trainable=trainable,
    )
    if trainable and policy.lora and not is_adapted(model):
        model = _adapt(model, policy.lora)
    return model, tokenizer


def save_policy(model: Any, tokenizer: Any, target: Path, lora: LoraSection | None = None) -> None:
    """Write a model and its tokenizer to ``target``, whole or not at all; an adapter alone, or merged."""
    draft = target.with_name(f".{target.name}")
    if is_adapted(model) and lora and lora.merge:
        model = model.merge_and_unload()
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


def is_adapted(model: Any) -> bool:
    """Return whether a model has an adapter of peft."""
    return hasattr(model, "peft_config")


def _adapt(model: Any, lora: LoraSection) -> Any:
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415 - only for adapters

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        task_type="CAUSAL_LM",
    )
    return saves_adapter_only(get_peft_model(model, config))
