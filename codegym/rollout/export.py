"""Episodes as a Parquet file, for data frames and dataset hubs. The log stays the record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from codegym.episode import Episode
from codegym.errors import ConfigError

_AS_JSON = ("components", "usage", "timings", "versions", "metadata")


def export_parquet(episodes: Iterable[Episode], path: Path) -> int:
    """Write one row per episode and return their number. Raises :class:`ConfigError` without `datasets`.

    Maps with keys of their own (components, timings, the verdict's tests…) are columns of JSON text, since
    Parquet's columns are the same for all rows. Steps are a list of records; token ids are lists of integers.
    They are those of the episode's first sequence; ``later_sequences`` holds the others, usually none.
    """
    try:
        from datasets import Dataset  # noqa: PLC0415 - heavy and optional
    except ImportError as error:
        raise ConfigError(
            f"Parquet export needs the train extra: pip install 'codegym[train]' ({error})"
        ) from error
    rows = [_row(episode) for episode in episodes]
    if not rows:
        raise ConfigError(f"there is no episode to write to {str(path)!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows).to_parquet(path)
    return len(rows)


def _row(episode: Episode) -> dict[str, Any]:
    row = episode.model_dump(mode="json", exclude={"tokens"})
    verdict = row.pop("verdict")
    sequences = (
        [sequence.model_dump(mode="json") for sequence in episode.tokens.sequences] if episode.tokens else []
    )
    for name in _AS_JSON:
        row[name] = json.dumps(row[name], sort_keys=True)
    row["outcome"] = verdict["outcome"] if verdict else None
    row["verdict"] = json.dumps(verdict, sort_keys=True)
    for name in ("prompt_ids", "completion_ids", "mask", "logprobs"):
        row[name] = sequences[0][name] if sequences else []
    row["later_sequences"] = json.dumps(sequences[1:])
    return row
