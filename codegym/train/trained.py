"""A policy from a run's folder plays as it was trained: its dialect, turns, limits and sampling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.train.config import load_config
from codegym.train.folder import config_of, phase_of


@dataclass(frozen=True)
class Trained:
    """How the run whose configuration is ``config`` trained a policy; ``spec`` is what makes that policy."""

    config: Path
    spec: dict[str, Any]
    dialect: str
    max_turns: int
    limits: dict[str, float]


def find_trained(policy: str) -> Trained | None:
    """Return how a policy was trained; ``None`` unless it is ``local:FOLDER`` in a folder of a training run.

    Raises :class:`ConfigError` if that run's ``config.toml`` is wrong.
    """
    kind, _, path = policy.partition(":")
    config = config_of(Path(path)) if kind == "local" else None
    if config is None:
        return None
    run = load_config(config)
    answers = run.policy
    sampling = {
        "temperature": answers.temperature,
        "top_p": 1.0,
        "top_k": 0,
        "answer": answers.answer_tokens,
        "context": answers.context_tokens,
        "batch": answers.batch,
        "threads": answers.threads,
        "keep_turns": answers.keep_turns,
    }
    name = f"{run.name}-{phase_of(Path(path))}"
    spec = {"kind": "local", "path": path, "name": name, "sampling": sampling, "device": answers.device}
    return Trained(config, spec, run.env.dialect, run.env.max_turns, run.env.limits)
