"""The optimisers: AdamW, or Muon for the matrices between the embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers import TrainingArguments


def adamw(model: Any, args: TrainingArguments) -> torch.optim.Optimizer:
    """Return AdamW with the rate, betas, epsilon and weight decay of ``args``."""
    return _adamw(_trained(model), args)


def muon(model: Any, args: TrainingArguments) -> torch.optim.Optimizer:
    """Return Muon for a model's matrices, and AdamW for its embeddings and all that is not a matrix.

    Both have the rate and the weight decay of ``args``: Muon's steps are scaled to the size of AdamW's
    (https://arxiv.org/abs/2502.16982).
    """
    embeddings = {id(layer.weight) for layer in _embeddings(model) if layer is not None}
    parameters = _trained(model)
    matrices = [each for each in parameters if each.ndim == 2 and id(each) not in embeddings]
    chosen = {id(each) for each in matrices}
    others = [each for each in parameters if id(each) not in chosen]
    joined = torch.optim.Muon(
        matrices, lr=args.learning_rate, weight_decay=args.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    return Joined(joined, *([_adamw(others, args)] if others else []))  # adapters are all matrices


OPTIMIZERS = {"adamw": adamw, "muon": muon}
"""The optimisers by the name that a phase's ``optimizer`` has."""


class Joined(torch.optim.Optimizer):  # type: ignore[misc]  # torch is not typed for all its subclasses
    """Optimisers with parameters of their own that a trainer and a schedule see as one."""

    def __init__(self, *optimizers: torch.optim.Optimizer) -> None:
        self._optimizers = optimizers
        super().__init__([group for each in optimizers for group in each.param_groups], {})
        self._share_groups()

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take a step of each optimiser."""
        loss = closure() if closure else None
        for each in self._optimizers:
            each.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all optimisers."""
        return {"optimizers": [each.state_dict() for each in self._optimizers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned."""
        for each, state in zip(self._optimizers, state_dict["optimizers"], strict=True):
            each.load_state_dict(state)
        self._share_groups()

    def _share_groups(self) -> None:
        """Show the groups of the optimisers themselves, so that a schedule sets their rates."""
        self.param_groups = [group for each in self._optimizers for group in each.param_groups]


def _adamw(parameters: list[torch.nn.Parameter], args: TrainingArguments) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        parameters,
        lr=args.learning_rate,
        betas=(args.adam_beta1, args.adam_beta2),
        eps=args.adam_epsilon,
        weight_decay=args.weight_decay,
    )


def _trained(model: Any) -> list[torch.nn.Parameter]:
    return [each for each in model.parameters() if each.requires_grad]


def _embeddings(model: Any) -> tuple[Any, Any]:
    return model.get_input_embeddings(), model.get_output_embeddings()
