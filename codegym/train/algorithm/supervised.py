"""What the supervised phases have in common: the model they begin with, what their bar shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from codegym.train.config import RunConfig, TinySection
from codegym.train.model.load import load_policy, torch_dtype
from codegym.train.model.tiny import make_model, make_tokenizer


def start_model(config: RunConfig, start: Path | None, texts: Iterable[str]) -> tuple[Any, Any]:
    """Return the model in ``start`` and its tokenizer; without one, the model of ``[policy.tiny]``, untrained.

    The tokenizer of the latter is trained on ``texts``.
    """
    policy = config.policy
    if start is not None:
        return load_policy(policy, start, trainable=True)
    shape = policy.tiny or TinySection()
    tokenizer = make_tokenizer(texts, shape.vocabulary)
    model = make_model(shape, tokenizer, context=policy.context_tokens, seed=config.seed)
    return model.to(policy.device, torch_dtype(policy.dtype)), tokenizer


def step_note(state: Any) -> str:
    """Return the number of the last step and its loss, once one was logged."""
    loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
    return f"step {state.global_step}, loss {float(loss):.2f}" if loss is not None else ""
