"""Which algorithms there are: for each, its settings, and the class of its phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from pydantic import ValidationError

from codegym.errors import ConfigError, unknown
from codegym.train.algorithm.settings import (
    EvaluationSettings,
    GrpoSettings,
    PhaseSettings,
    PretrainSettings,
    SftSettings,
)
from codegym.train.section import wrong_values


@dataclass(frozen=True)
class Algorithm:
    """An algorithm. ``phase`` names the class of its phases; its module needs torch, so it is imported late."""

    settings: type[PhaseSettings]
    phase: str


ALGORITHMS: Mapping[str, Algorithm] = {
    "pretrain": Algorithm(PretrainSettings, "codegym.train.algorithm.pretrain:PretrainPhase"),
    "sft": Algorithm(SftSettings, "codegym.train.algorithm.sft:SftPhase"),
    "grpo": Algorithm(GrpoSettings, "codegym.train.algorithm.grpo:GrpoPhase"),
    "evaluate": Algorithm(EvaluationSettings, "codegym.train.algorithm.evaluation:EvaluationPhase"),
}


def read_phase(number: int, table: Mapping[str, Any]) -> PhaseSettings:
    """Return the settings of the ``number``-th ``[[phase]]``, counted from 1; its default name is its algorithm.

    Raises :class:`ConfigError` for an unknown algorithm, key or value, with the nearest match.
    """
    algorithm = str(table.get("algorithm", ""))
    if algorithm not in ALGORITHMS:
        raise ConfigError(f"[[phase]] {number}: {unknown('algorithm', algorithm, ALGORITHMS)}")
    settings, where = ALGORITHMS[algorithm].settings, f"[[phase]] {number} ({algorithm})"
    try:
        return settings.model_validate({"name": algorithm, **table})
    except ValidationError as error:
        messages = wrong_values(error, settings, lambda name: f"[phase.{name}]" if name else "[[phase]]")
        raise ConfigError(f"{where}: {'; '.join(messages)}") from error


def phase_class(algorithm: str) -> Any:
    """Import and return the class of an algorithm's phases; it is called with their settings and a context."""
    return resolve_name(ALGORITHMS[algorithm].phase)
