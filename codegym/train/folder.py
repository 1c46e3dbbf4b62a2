"""A run's folder: whose run it holds, and whether that is done. Told without torch, and so at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codegym.errors import ConfigError
from codegym.suite import Suite


def claim(config: Path, folder: Path, *, resume: bool) -> None:
    """Raise :class:`ConfigError` unless ``folder`` is free, or holds a run of ``config`` to ``resume``."""
    if folder.exists() and not resume:
        raise ConfigError(f"{folder} is there already: resume that run with --resume, or choose another --out")
    kept = folder / "config.toml"
    if kept.exists() and kept.read_bytes() != config.read_bytes():
        raise ConfigError(f"{folder} holds a run of another configuration: delete it, or choose another --out")


def finished(folder: Path, suite: Suite) -> dict[str, Any] | None:
    """Return the summary of the run in ``folder``, ``None`` if it is not done, or there is none.

    Raises :class:`ConfigError` if that run is on other tasks than ``suite`` has now.
    """
    known, summary = folder / "versions.json", folder / "summary.json"
    digest = json.loads(known.read_text()).get("suite_digest") if known.exists() else None
    if digest not in (None, suite.digest):
        raise ConfigError(f"{folder} holds a run on other tasks: delete it, or choose another --out")
    return json.loads(summary.read_text()) if summary.exists() else None
