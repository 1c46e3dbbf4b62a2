"""Settings of TRL's trainers: the keys of ``[phase.trl]`` are TRL's own, over codegym's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from codegym.errors import ConfigError, unknown

T = TypeVar("T")


def trl_config(kind: type[T], defaults: Mapping[str, Any], user_settings: Mapping[str, Any], phase: str) -> T:
    """Return TRL's config of type ``kind``: ``defaults``, overridden by what phase ``phase`` gives.

    Raises :class:`ConfigError` for a key that TRL does not know, with the nearest match, or a value it refuses.
    """
    field_names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    for key in user_settings:
        if key not in field_names:
            raise ConfigError(unknown(f"key in [phase.trl] of phase {phase!r}", key, field_names))
    try:
        return kind(**dict(defaults) | dict(user_settings))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"[phase.trl] of phase {phase!r}: {error}") from error
