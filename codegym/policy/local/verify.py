"""Checks at load that what is generated is what the model says: batched, cached, over turns, as in a plain pass.

A model whose masks, positions or cache are not what :mod:`codegym.policy.local.generate` takes them for would
sample from a distribution that is not its own, in silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from codegym.errors import PolicyError
from codegym.policy.local.generate import Generation, Generator

LENGTHS = (5, 24, 11)
"""The ids of the conversations to begin with: unequal, so that rows are padded."""

TURNS = 2
ANSWER = 4
TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-3}
"""The largest difference between log-probabilities: some hundred times what the order of additions makes."""

ROUGH_TOLERANCE = 0.25
"""The largest mean difference in a 16-bit model, where numbers have two or three digits."""


def check_generation(model: Any) -> None:
    """Raise :class:`PolicyError` if the model's log-probabilities differ from those of a plain forward pass."""
    try:
        differences = generation_errors(model)
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise PolicyError(
            f"codegym can't generate with a model of kind {_kind(model)} ({type(error).__name__}: {error}): serve "
            "it with vLLM and use the endpoint policy"
        ) from error
    exact = TOLERANCE.get(model.dtype)
    worst, limit = (differences.max(), exact) if exact else (differences.mean(), ROUGH_TOLERANCE)
    if not worst <= limit:  # also if it is not a number
        raise PolicyError(
            f"codegym generates with another distribution than this model of kind {_kind(model)} has: "
            f"log-probabilities differ by {worst:.2g} from those of a plain forward pass, and {limit:g} is "
            "allowed. Serve it with vLLM and use the endpoint policy"
        )


def generation_errors(
    model: Any, lengths: tuple[int, ...] = LENGTHS, turns: int = TURNS
) -> npt.NDArray[np.float64]:
    """Let ``model`` continue random ids over some turns in one batch; compare with a forward pass for each row.

    Returns the absolute difference of the log-probability of each sampled id.
    """
    choose = np.random.default_rng(0)
    requests = [Generation(_ids(model, choose, n), ANSWER, np.random.default_rng(n)) for n in lengths]
    generator, errors = Generator(model, ()), []
    for _ in range(turns):
        generator.answer(requests)
        for request in requests:
            errors.append(np.subtract(request.logprobs, plain_logprobs(model, request.ids, request.sampled)))
            more = _ids(model, choose, int(choose.integers(1, 9)))
            request.ids = [*request.ids, *request.sampled, *more]
            request.sampled, request.logprobs = [], []
    return np.abs(np.concatenate(errors, dtype=np.float64))


@torch.inference_mode()  # type: ignore[untyped-decorator]
def plain_logprobs(model: Any, ids: list[int], sampled: list[int]) -> list[float]:
    """Return the log-probabilities of ``sampled`` after ``ids`` by one pass without cache, mask and batch."""
    logits = model(input_ids=torch.tensor([[*ids, *sampled]], device=model.device), use_cache=False).logits[0]
    logprobs = torch.log_softmax(logits[len(ids) - 1 : -1].float(), -1)
    return [logprobs[row, token].item() for row, token in enumerate(sampled)]


def _ids(model: Any, choose: np.random.Generator, count: int) -> list[int]:
    vocabulary = model.config.get_text_config(decoder=True).vocab_size
    return [int(id_) for id_ in choose.integers(0, vocabulary, size=count)]


def _kind(model: Any) -> str:
    return repr(getattr(model.config, "model_type", type(model).__name__))
