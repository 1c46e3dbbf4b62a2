"""The settings of generation, and what fits a model where they are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from codegym.policy.local.draw import Draw

CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
"""What configurations of transformers call the model's context."""

UNKNOWN_CONTEXT = 4096
"""The context of a model that names none, such as one without positions."""

LONGEST_ANSWER = 2048
"""An answer's default limit in a large context; in a smaller one it is a quarter of it."""


@dataclass(frozen=True)
class Sampling:
    """The settings of generation; ``None`` stands for what fits the model, see :meth:`fitted`.

    ``context`` limits the ids of an episode, ``answer`` those of one answer, ``batch`` the conversations that are
    answered at once. ``threads`` is the number of CPU threads (0: torch's default). On a small machine choose 1,
    so that sandboxes can run at the same time. ``keep_turns``: earlier turns stay as they were sampled, whatever
    the chat template makes of them; otherwise a template that rewrites them begins a new sequence of tokens.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    answer: int | None = None
    context: int | None = None
    batch: int = 64
    threads: int = 0
    keep_turns: bool = False

    def fitted(self, model: Any) -> Self:
        """Return the settings with nothing left out: those of the model's generation config, and its context."""
        says = getattr(model, "generation_config", None)
        context = self.context or context_of(model.config)
        answer = self.answer or getattr(says, "max_new_tokens", None) or min(LONGEST_ANSWER, context // 4)
        return replace(
            self,
            temperature=_first(self.temperature, getattr(says, "temperature", None), 1.0),
            top_p=_first(self.top_p, getattr(says, "top_p", None), 1.0),
            top_k=_first(self.top_k, getattr(says, "top_k", None), 0),
            answer=max(1, answer),
            context=context,
        )

    def draw(self) -> Draw:
        """Return how ids are drawn, in settings with nothing left out."""
        return Draw(_first(self.temperature, 1.0), _first(self.top_p, 1.0), _first(self.top_k, 0))


def context_of(config: Any) -> int:
    """Return the most positions of a model with this configuration."""
    config = config.get_text_config(decoder=True)
    lengths = (getattr(config, name, None) for name in CONTEXT_NAMES)
    return next((int(length) for length in lengths if length), UNKNOWN_CONTEXT)


def end_ids(model: Any) -> frozenset[int]:
    """Return all ids that end an answer by the model's generation config."""
    says = getattr(model, "generation_config", None)
    ids = getattr(says, "eos_token_id", None)
    return frozenset([ids] if isinstance(ids, int) else ids or ())


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)
