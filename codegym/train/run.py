"""A training run: the phases of its TOML, one after the other. It knows no algorithm.

A killed run is resumed from what is in its folder: a finished phase returns its policy at once, and one that was
interrupted goes on from what it left. :mod:`codegym.train.folder` says where everything is.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from transformers.utils.logging import disable_progress_bar

from codegym.atomic import write_whole
from codegym.progress.display import Display
from codegym.suite import load_suite
from codegym.train.algorithm.protocol import Phase, RunContext
from codegym.train.algorithm.registry import phase_class
from codegym.train.config import RunConfig, load_config
from codegym.train.folder import claim, finished, phase_folders, write_json
from codegym.train.model.fit import check_policy
from codegym.train.model.threads import torch_threads
from codegym.train.report import summarise_run

PACKAGES = ("codegym", "torch", "transformers", "trl", "gymnasium", "tokenizers")


def train(
    config_path: Path, folder: Path, *, resume: bool = False, display: Display | None = None
) -> dict[str, Any]:
    """Carry out a run and return its summary.

    Raises :class:`ConfigError` for a wrong file, if ``folder`` exists and ``resume`` is false, or if it holds a
    run of another file or on other tasks. Everything the file asks for is checked before anything is written.
    """
    config = load_config(config_path)
    claim(config_path, folder, resume=resume)
    run = open_run(config, folder, display or Display())
    if summary := finished(folder, run.context.suite):
        return summary
    run.check()
    disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "config.toml", config_path.read_bytes())
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    write_json(folder / "versions.json", versions | {"suite_digest": run.context.suite.digest})
    return run.carry_out()


@dataclass(frozen=True)
class Run:
    """A run and its phases, in order."""

    context: RunContext
    phases: list[Phase]

    def check(self) -> None:
        """Raise :class:`ConfigError` or :class:`TaskError` now for what would otherwise fail after minutes."""
        for phase in self.phases:
            phase.check()
        self.context.make_env().close()
        rows = max((phase.rows() for phase in self.context.config.phase), default=0)
        needed = check_policy(self.context.config.policy, rows)
        if needed:
            self.context.display.say(f"memory: {needed.text()}")

    def carry_out(self) -> dict[str, Any]:
        """Do what is not done yet, and write and return the summary."""
        context, start = self.context, time.monotonic()
        policy = Path(context.config.policy.model) if context.config.policy.model else None
        with torch_threads(context.config.policy.training_threads):
            for phase in self.phases:
                policy = phase.run(policy)
        seconds = context.display.seconds | {"all": round(time.monotonic() - start, 1)}
        summary = summarise_run(context.config, context.phases, context.suite.digest)
        summary |= {"policy": str(policy), "seconds": seconds}
        write_json(context.folder / "summary.json", summary)
        return summary


def open_run(config: RunConfig, folder: Path, display: Display) -> Run:
    """Return a run with all its phases. Nothing is checked and nothing written."""
    folders = phase_folders(folder, [settings.name for settings in config.phase])
    context = RunContext(config, load_suite(config.env.suite), folder, folders, display)
    return Run(context, [phase_class(settings.algorithm)(settings, context) for settings in config.phase])
