"""What a run reports at its end: its evaluations, what was gained, and sums over each phase's episodes.

Everything is read from what the phases left in their folders, so a run that was resumed reports all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from codegym.board.compare import find_entry, possible_gains
from codegym.board.entry import Entry
from codegym.board.interval import Estimate
from codegym.board.stats import gain
from codegym.episode_file import read_episodes
from codegym.rollout.metrics import summarise
from codegym.train.config import RunConfig
from codegym.train.folder import PhaseFolder

_LAST_METRICS = ("loss", "mean_token_accuracy", "num_tokens", "step")
"""The metrics of training whose last values are in the summary."""


def summarise_run(config: RunConfig, phases: Mapping[str, PhaseFolder], suite_digest: str) -> dict[str, Any]:
    """Return what ``summary.json`` contains, except seconds. Rates are fractions between 0 and 1.

    ``before`` and ``after`` are the first and the last evaluation, and ``gain`` is from one to the other: ``None``
    with fewer than two evaluations, or if one lost so many episodes that it has no score. ``against`` has the gain
    of the last over each of the entries that ``[eval] against`` names, by their policies: ``None`` if no task that
    both have was graded on both sides.
    """
    entries = {name: _read_entry(phase.entry) for name, phase in phases.items() if phase.entry.exists()}
    return {
        "suite": config.env.suite,
        "suite_digest": suite_digest,
        "split": config.eval.split,
        "tasks": max((entry.tasks for entry in entries.values()), default=0),
        "samples_per_task": config.eval.samples,
        **_gained(list(entries.values())),
        "against": _against(list(entries.values()), config.eval.against),
        "evaluations": {name: entry.summary() for name, entry in entries.items()},
        "infra_errors": sum(entry.infra_errors for entry in entries.values()),
        "lost": {name: entry.lost() for name, entry in entries.items()},
        "metrics": {name: _metrics(phase) for name, phase in phases.items()},
    }


def _gained(entries: list[Entry]) -> dict[str, Any]:
    if not entries:
        return {"before": None, "after": None, "gain": None}
    before, after = entries[0], entries[-1]
    has_gain = len(entries) > 1 and before.has_scores and after.has_scores
    gained = gain(before.counts, after.counts, clusters=before.clusters | after.clusters) if has_gain else None
    return {
        "before": before.summary(),
        "after": after.summary(),
        "gain": _gain_fields(gained) if gained else None,
    }


def _against(entries: list[Entry], paths: Iterable[Path]) -> dict[str, Any]:
    if not entries or not entries[-1].has_scores:
        return {}
    others = map(find_entry, paths)
    gained = {other.policy: possible_gains(other, entries[-1]).get("pass@1") for other in others}
    return {policy: _gain_fields(gain) if gain else None for policy, gain in gained.items()}


def _gain_fields(gained: Estimate) -> dict[str, Any]:
    counts = {"tasks": gained.tasks, "clusters": gained.clusters}
    return {"pass@1": gained.value, "ci95": list(gained.ci95), **counts}


def _metrics(phase: PhaseFolder) -> dict[str, Any]:
    """Return the last metrics of a phase's training, and the sums over its episodes, as far as it has them."""
    metrics: dict[str, Any] = {}
    if phase.metrics.exists():
        lines = [json.loads(line) for line in phase.metrics.read_text().splitlines()]
        last = {key: value for line in lines for key, value in line.items()}
        metrics["training"] = {key: last[key] for key in _LAST_METRICS if key in last}
    if phase.episodes.is_dir():
        metrics["episodes"] = summarise(read_episodes(phase.episodes)).scored().model_dump(mode="json")
    return metrics


def _read_entry(path: Path) -> Entry:
    return Entry.model_validate_json(path.read_bytes())
