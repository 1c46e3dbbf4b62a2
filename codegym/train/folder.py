"""A run's folder: its files and folders, the run that it belongs to, and whether that is done; without torch.

::

    config.toml  versions.json     the configuration; the versions of packages and tasks
    phases/01-NAME/                each phase's own folder, see PhaseFolder
    policy-NAME                    a link to the policy that evaluation NAME measured
    entries/                       the board entries of the evaluations
    summary.json                   written at the end
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.atomic import write_whole
from codegym.errors import ConfigError
from codegym.suite import Suite

_OLDER = ("episodes", "checkpoints", "warmup")
"""Folders that a run of the older layout has beside its config.toml."""


@dataclass(frozen=True)
class PhaseFolder:
    """The files and folders that a phase may write. None of them exists before the phase needs it."""

    path: Path

    @property
    def episodes(self) -> Path:
        """The folder of the phase's episodes, as JSON Lines."""
        return self.path / "episodes"

    @property
    def policy(self) -> Path:
        """The policy that the phase ends with. Written last: a phase that has one is done."""
        return self.path / "policy"

    @property
    def trainer(self) -> Path:
        """The folder of TRL's trainer: its checkpoints."""
        return self.path / "trainer"

    @property
    def metrics(self) -> Path:
        """A file of JSON Lines with what was measured during training."""
        return self.path / "metrics.jsonl"

    @property
    def entry(self) -> Path:
        """The board entry of an evaluation. Written last: an evaluation that has one is done."""
        return self.path / "entry.json"

    def validation(self, step: int) -> Path:
        """Return the folder of the episodes of the validation after ``step`` steps."""
        return self.path / "validation" / f"step-{step}"

    def record(self, lines: Sequence[dict[str, Any]]) -> None:
        """Append ``lines`` to the metrics."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self.metrics.open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)


def phase_folders(folder: Path, names: Sequence[str]) -> dict[str, PhaseFolder]:
    """Map the names of a run's phases, in order, to their folders: ``phases/01-warmup``."""
    return {name: PhaseFolder(folder / "phases" / f"{number:02}-{name}") for number, name in enumerate(names, 1)}


def claim(config: Path, folder: Path, *, resume: bool) -> None:
    """Raise :class:`ConfigError` unless ``folder`` is free, or contains a run of ``config`` to ``resume``."""
    if folder.exists() and not resume:
        raise ConfigError(f"{folder} exists already: resume that run with --resume, or choose another --out")
    if (folder / "config.toml").exists() and any((folder / name).is_dir() for name in _OLDER):
        raise ConfigError(
            f"{folder} contains a run of the older layout, without phases/, which can't be resumed: choose "
            "another --out. Its policies and episodes stay usable"
        )
    config_copy = folder / "config.toml"
    if config_copy.exists() and config_copy.read_bytes() != config.read_bytes():
        raise ConfigError(f"{folder} contains a run of another configuration: delete it, or choose another --out")


def finished(folder: Path, suite: Suite) -> dict[str, Any] | None:
    """Return the summary of the run in ``folder``, ``None`` if it is not done, or there is none.

    Raises :class:`ConfigError` if that run is on other tasks than ``suite`` has now.
    """
    versions, summary = folder / "versions.json", folder / "summary.json"
    digest = json.loads(versions.read_text()).get("suite_digest") if versions.exists() else None
    if digest not in (None, suite.digest):
        raise ConfigError(f"{folder} contains a run on other tasks: delete it, or choose another --out")
    return json.loads(summary.read_text()) if summary.exists() else None


def config_of(policy: Path) -> Path | None:
    """Return the ``config.toml`` of the run that made ``policy``, ``None`` if no run did.

    A run's policies are ``RUN/policy-NAME`` and ``RUN/phases/01-NAME/policy``.
    """
    phase = policy.absolute().parent
    run = phase.parent.parent if phase.parent.name == "phases" else policy.parent
    config = run / "config.toml"
    return config if policy.is_dir() and config.is_file() else None


def phase_of(policy: Path) -> str:
    """Return the NAME in the path of a run's policy; see :func:`config_of`."""
    phase = re.fullmatch(r"\d+-(.+)", policy.parent.name)
    return phase[1] if phase and policy.name == "policy" else policy.name.removeprefix("policy-")


def link_policy(folder: Path, name: str, policy: Path) -> None:
    """Make ``policy-NAME`` in a run's folder a link to ``policy``, if that is a folder of this run."""
    link = folder / f"policy-{name}"
    if policy.is_dir() and policy.is_relative_to(folder) and not link.is_symlink():
        link.symlink_to(policy.relative_to(folder))


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, f"{json.dumps(value, indent=2)}\n".encode())
