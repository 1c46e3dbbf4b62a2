"""Measures a step of training on both sides, in one process, one after the other."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from transformers.utils.logging import disable_progress_bar

from codegym.bench.training.cost import Setup, StepCost, StepTime, median_step
from codegym.bench.training.lines import Lines, choose_lines
from codegym.bench.training.ours import time_ours
from codegym.bench.training.plain import time_plain
from codegym.errors import ConfigError
from codegym.progress.display import Display
from codegym.progress.protocol import Progress, silent
from codegym.suite import Suite
from codegym.train.algorithm.grpo import GrpoPhase
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.settings import GrpoSettings
from codegym.train.config import EnvSection, PolicySection, RolloutSection, RunConfig
from codegym.train.folder import phase_folders
from codegym.train.model.threads import torch_threads

ROWS = 16
"""Episodes in one pass of the optimiser, on both sides."""

CONTEXT = 768
"""Tokens of an episode: the context of the demo's model."""

LIMITS = {"episode_seconds": 3600.0, "command_seconds": 120.0, "grade_seconds": 300.0}
"""On the plain side an episode waits for all others, so it is given time."""


def measure(
    suite: Suite, setup: Setup, counts: list[int], folder: Path, *, beside_trl: bool, progress: Progress = silent
) -> Iterator[StepCost]:
    """Measure a step of each number of episodes in ``counts``; what the runs write goes below ``folder``.

    The first step of each side is not counted: it makes the tasks' banks and opens the first boxes. Raises
    :class:`ConfigError` if a number is not a multiple of the group, or if there are too few tasks.
    """
    for episodes in counts:
        if episodes % setup.group or (episodes > ROWS and episodes % ROWS):
            raise ConfigError(f"{episodes} episodes: choose a multiple of {max(setup.group, ROWS)}")
    progress("choosing tasks", 0, len(counts))
    with closing(_context(suite, setup, folder / "choice", max(counts)).make_env()) as env:
        lines = choose_lines(env, suite.split(setup.split).ids, max(counts) // setup.group, setup)
    for number, episodes in enumerate(counts):
        progress(f"{episodes} episodes", number, len(counts))
        part = Lines(dict(list(lines.by_task.items())[: episodes // setup.group]), setup.group)
        with torch_threads(setup.threads), _quiet():
            yield _measure(suite, setup, episodes, part, folder / str(episodes), beside_trl=beside_trl)


def _measure(
    suite: Suite, setup: Setup, episodes: int, lines: Lines, folder: Path, *, beside_trl: bool
) -> StepCost:
    context = _context(_only(suite, lines, setup), setup, folder, episodes)
    model = Path(setup.model)
    ours = time_ours(context, _settings(setup, episodes), lines, model)
    step = median_step(ours.steps[1:])
    cost = StepCost(
        episodes=episodes,
        repeats=setup.repeats,
        seconds=round(step.wall, 3),
        stages=_rounded(step),
        sampled=round(ours.sampled, 1),
        solved=round(ours.solved, 3),
    )
    if not beside_trl:
        return cost
    more = {"max_completion_length": CONTEXT, "max_tool_calling_iterations": setup.turns}
    args = GrpoPhase(_settings(setup, episodes, more), context).args()
    plain = time_plain(context, args, lines, model)
    step = median_step(plain.steps[1:])
    return cost.model_copy(
        update={
            "plain": round(step.wall, 3),
            "plain_stages": _rounded(step),
            "plain_sampled": round(plain.sampled, 1),
            "plain_solved": round(plain.solved, 3),
        }
    )


def _rounded(step: StepTime) -> dict[str, float]:
    return {stage: round(seconds, 3) for stage, seconds in step.stages.items()}


def _context(suite: Suite, setup: Setup, folder: Path, episodes: int) -> RunContext:
    config = RunConfig(
        name="bench",
        policy=PolicySection(
            model=setup.model,
            context_tokens=CONTEXT,
            threads=setup.threads,
            training_threads=setup.threads,
        ),
        env=EnvSection(
            suite=suite.name,
            split=setup.split,
            dialect="line",
            sandbox=setup.sandbox,
            max_turns=setup.turns,
            limits=LIMITS,
            cache=setup.cached,
        ),
        rollout=RolloutSection(workers=setup.workers),
        phase=(_settings(setup, episodes),),
    )
    console = Console(file=io.StringIO())
    return RunContext(config, suite, folder, phase_folders(folder, ["grpo"]), Display(console))


def _settings(setup: Setup, episodes: int, more: dict[str, Any] | None = None) -> GrpoSettings:
    rows = min(ROWS, episodes)
    trl = {
        "num_generations": setup.group,
        "per_device_train_batch_size": rows,
        "gradient_accumulation_steps": episodes // rows,
        "max_steps": 1 + setup.repeats,
        "save_strategy": "no",
    }
    return GrpoSettings(algorithm="grpo", name="grpo", trl=trl | (more or {}))


def _only(suite: Suite, lines: Lines, setup: Setup) -> Suite:
    """Return the suite with the tasks of ``lines`` alone in its split."""
    tasks = {name: suite.task(name) for name in lines.by_task}
    return Suite(suite.manifest, suite.root, tasks, {setup.split: tuple(tasks)})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep TRL's and transformers' notes and bars off the terminal while the block runs."""
    disable_progress_bar()
    loggers = [logging.getLogger(name) for name in ("trl", "transformers", "accelerate")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
