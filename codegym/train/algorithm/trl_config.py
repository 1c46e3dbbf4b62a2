"""Settings of TRL's trainers: the keys of ``[phase.trl]`` are TRL's own, over codegym's defaults.

Some are refused: what the run itself decides, and what would be accepted and have no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, TypeVar

from codegym.errors import ConfigError, unknown

T = TypeVar("T")

OWN: dict[str, str] = {
    "output_dir": "checkpoints are in the run's folder: choose that with --out",
    "resume_from_checkpoint": "leave it out, and continue the run with --resume",
}
"""Keys that the run decides, and what to do instead."""

_SCHEDULE = "leave it out: the rate follows the share of budget_seconds that is spent"
_OPTIMIZER = 'set optimizer = "adamw" or "muon" in [[phase]]'
SUPERVISED: dict[str, str] = OWN | {
    **dict.fromkeys(("lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "warmup_ratio"), _SCHEDULE),
    **dict.fromkeys(("optim", "optim_args", "optim_target_modules"), _OPTIMIZER),
}
"""The same for supervised phases, which have their own optimisers and schedules."""

_POSITIVE = ("per_device_train_batch_size", "gradient_accumulation_steps", "save_steps", "num_generations")
"""Numbers for which transformers takes 0, and fails later."""


def trl_config(
    kind: type[T],
    defaults: Mapping[str, Any],
    user_settings: Mapping[str, Any],
    phase: str,
    refused: Mapping[str, str] = OWN,
) -> T:
    """Return TRL's config of type ``kind``: ``defaults``, overridden by what phase ``phase`` gives.

    Raises :class:`ConfigError` for a key that TRL does not know, with the nearest match, one that is ``refused``,
    with what to do instead, or an impossible value.
    """
    choices = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key, value in user_settings.items():
        if key in refused:
            raise ConfigError(f"[phase.trl] of phase {phase!r}: {key}: {refused[key]}")
        if key not in choices:
            raise ConfigError(unknown(f"key in [phase.trl] of phase {phase!r}", key, choices))
        if problem := _problem(choices[key], value):
            raise ConfigError(f"[phase.trl] of phase {phase!r}: {key} = {value!r}: {problem}")
    try:
        return kind(**dict(defaults) | dict(user_settings))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"[phase.trl] of phase {phase!r}: {error}") from error


def _problem(field: Field[Any], value: Any) -> str:
    """Return what is wrong with a value; TRL's configs check no types: their defaults tell."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(field.default, bool):
        return "" if isinstance(value, bool) else "true or false is needed"
    if isinstance(field.default, (int, float)) and not is_number:
        return "a number is needed"
    if isinstance(field.default, int) and "float" not in str(field.type) and not isinstance(value, int):
        return "a whole number is needed"
    return "a number above 0 is needed" if field.name in _POSITIVE and value <= 0 else ""
