"""The tokens of an episode, exactly as the policy saw and sampled them.

An episode has one sequence, or several if its agent rewrote its history: a compaction or a sub-agent starts the
next one. A sequence knows its turns: which ids the policy sampled, with which weights, and which step of the
episode they became.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from codegym.task import Frozen


class TurnSpan(Frozen):
    """One turn of the policy: the ids from ``start`` up to but not including ``end`` of the completion.

    ``version`` is the version of the weights that sampled it, ``step`` the index of the episode's step that it
    became. Both are ``None`` if they are unknown; ``step`` also if the turn became no step.
    """

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    version: int | None = None
    step: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _check_ids(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"a turn from {self.start} to {self.end} has no ids")
        return self


class TokenSequence(Frozen):
    """One prompt and all ids that follow it, in order.

    ``completion_ids`` are sampled ids, with ``mask`` 1, and ids of observations, with ``mask`` 0. ``logprobs`` are
    those of the sampled ids under the distribution they were drawn from, and 0.0 where the mask is 0. The three
    are equally long. ``turns`` are in order, do not overlap, and cover every sampled id; without them, each
    unbroken run of sampled ids is one turn of unknown version and step.
    """

    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    mask: tuple[int, ...]
    logprobs: tuple[float, ...]
    turns: tuple[TurnSpan, ...] = Field(default_factory=lambda fields: turns_of_mask(fields["mask"]))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lengths = len(self.completion_ids), len(self.mask), len(self.logprobs)
        if len(set(lengths)) != 1:
            raise ValueError("completion_ids, mask and logprobs have {}, {} and {} entries".format(*lengths))
        if not set(self.mask) <= {0, 1}:
            raise ValueError("mask has entries other than 0 and 1")
        for before, after in pairwise(self.turns):
            if after.start < before.end:
                raise ValueError(f"a turn starts at {after.start}, but the turn before it ends at {before.end}")
        if self.turns and self.turns[-1].end > len(self.mask):
            raise ValueError(f"a turn ends at {self.turns[-1].end}, but there are {len(self.mask)} ids")
        if sum(self.mask) != sum(sum(self.mask[turn.start : turn.end]) for turn in self.turns):
            raise ValueError("a sampled id belongs to no turn")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_derived_turns(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = dump(self)
        if self.turns == turns_of_mask(self.mask):
            values.pop("turns", None)
        return values


class Tokens(Frozen):
    """The sequences of an episode, in the order in which they began; at least one.

    A single sequence is written as it is, without the list around it: so are the tokens of older episodes.
    """

    sequences: tuple[TokenSequence, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _read_single_sequence(cls, values: Any) -> Any:
        if isinstance(values, dict) and "sequences" not in values:
            return {"sequences": (values,)}
        return values

    @model_serializer(mode="wrap")
    def _write_single_sequence(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = dump(self)
        written: Sequence[dict[str, Any]] = values["sequences"]
        return written[0] if len(written) == 1 else values


def turns_of_mask(mask: Sequence[int]) -> tuple[TurnSpan, ...]:
    """Return one turn, of unknown version and step, for each unbroken run of 1 in ``mask``."""
    turns, end = [], 0
    for is_sampled, run in groupby(mask):
        start, end = end, end + sum(1 for _ in run)
        if is_sampled:
            turns.append(TurnSpan(start=start, end=end))
    return tuple(turns)
