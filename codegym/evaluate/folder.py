"""A run's folder, and what was played in it, so that going on plays the same and numbers are not mixed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from codegym.board.entry import slug
from codegym.errors import ConfigError

Facts = Mapping[str, str | int | dict[str, float]]


def new_folder(out: Path | None, verb: str, suite: str, policy: str, *, resume: bool) -> Path:
    """Return the folder for a run's episodes. Raises :class:`ConfigError` if it has some and should not."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = out or Path("runs") / f"{verb}-{suite}-{slug(policy)}-{stamp}"
    if not resume and any(folder.glob("episodes-*.jsonl")):
        raise ConfigError(f"{folder} holds episodes already: go on there with --resume, or choose another --out")
    return folder


def keep_facts(folder: Path, policy: str, facts: Facts) -> None:
    """Write down how ``policy`` plays here. Raises :class:`ConfigError` if it played otherwise before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "setting.json"
    known: dict[str, Facts] = json.loads(path.read_text()) if path.is_file() else {}
    before = known.get(policy, facts)
    odd = [
        f"{name} {before.get(name)!r}, now {value!r}" for name, value in facts.items() if before.get(name) != value
    ]
    if odd:
        raise ConfigError(f"{folder} holds episodes of {policy} made with {'; '.join(odd)}: choose another --out")
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(known | {policy: dict(facts)}, indent=1) + "\n")
    draft.replace(path)
