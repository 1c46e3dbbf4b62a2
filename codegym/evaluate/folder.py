"""A run's folder, and the record of how its episodes were played, so that a resumed run plays the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from codegym.atomic import write_whole
from codegym.board.entry import slug
from codegym.errors import ConfigError
from codegym.rollout.log import EpisodeLog

Facts = Mapping[str, str | int | dict[str, float]]


def new_folder(out: Path | None, verb: str, suite: str, policy: str, *, resume: bool) -> Path:
    """Return the folder for a run's episodes. Raises :class:`ConfigError` if it has some, except to ``resume``."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = out or Path("runs") / f"{verb}-{suite}-{slug(policy)}-{stamp}"
    if not resume and any(folder.glob("episodes-*.jsonl")):
        raise ConfigError(f"{folder} has episodes already: continue there with --resume, or choose another --out")
    return folder


def keep_facts(folder: Path, policy: str, facts: Facts) -> None:
    """Record how ``policy`` plays here. Raises :class:`ConfigError` if it played differently before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "setting.json"
    recorded: dict[str, Facts] = json.loads(path.read_text()) if path.is_file() else {}
    before = recorded.get(policy, facts)
    changes = [
        f"{name} {before.get(name)!r}, now {value!r}" for name, value in facts.items() if before.get(name) != value
    ]
    if changes:
        raise ConfigError(
            f"{folder} has episodes of {policy} made with {'; '.join(changes)}: choose another --out"
        )
    write_whole(path, json.dumps(recorded | {policy: dict(facts)}, indent=1) + "\n")


def next_sample(folder: Path | None, task: str) -> int:
    """Return the number of the next attempt at ``task``: how many the folder has; 0 without a folder."""
    if folder is None or not folder.is_dir():
        return 0
    with EpisodeLog(folder) as log:
        return sum(episode.task == task for episode in log.episodes())
