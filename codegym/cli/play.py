"""``codegym play``: a person takes an episode by hand, through the same env, tools and grader as an agent."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path
from typing import Annotated

from rich.rule import Rule
from typer import Argument, Exit, Option

from codegym.cli.exits import FOUND_A_PROBLEM
from codegym.cli.output import Json, give, human
from codegym.cli.person import Person
from codegym.cli.show import earned
from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome
from codegym.rollout.job import Job
from codegym.rollout.log import EpisodeLog
from codegym.rollout.play import play
from codegym.suite import load_suite

NO_ARGS_IS_HELP = True
DAY = 24 * 3600.0
"""Seconds of an episode by hand: people think longer than agents."""


def verb(
    suite: Annotated[str, Argument(help="The suite, such as kata.")],
    task: Annotated[str, Argument(help="The task; default: a random one.")] = "",
    *,
    split: Annotated[str | None, Option(help="Pick from this split only.")] = None,
    seed: Annotated[int | None, Option(help="Decides which task is picked.")] = None,
    dialect: Annotated[str, Option(help="How actions are said: tagged, line, shell or native.")] = "tagged",
    sandbox: Annotated[str, Option(help="Where it runs: bwrap or docker.")] = "bwrap",
    out: Annotated[Path | None, Option(help="Keep the episode in this folder, for codegym show.")] = None,
    as_json: Json = False,
) -> None:
    """Take an episode by hand, and see what an agent sees.

    Type a tool and its arguments as in a shell (`view src/a.py 1 40`, `test`, `!ls`, `submit`), or a call in the
    dialect itself. `?` explains the tools, Ctrl-D leaves. Exits with 1 if the task is not resolved.

    Examples:

    - `codegym play kata`
    - `codegym play kata tip-jar --dialect line`
    """
    loaded, console = load_suite(suite), human(as_json=as_json)
    chosen = task or random.Random(seed).choice(loaded.split(split)).id  # noqa: S311 - not for secrets
    env = CodeEnv(loaded, split, chosen, sandbox=sandbox, dialect=dialect, limits={"episode_seconds": DAY})
    with closing(env):
        episode = play(Job(chosen, _attempts(out, chosen), seed or 0), Person(console, env.tools), env)
    if out:
        with EpisodeLog(out) as log:
            log.append(episode)
    console.print(Rule("what it earned", style="dim"))
    give(episode.model_dump(mode="json"), earned(episode), as_json=as_json)
    raise Exit(0 if _resolved(episode) else FOUND_A_PROBLEM)


def _attempts(out: Path | None, task: str) -> int:
    """Return how many attempts at ``task`` the folder holds already."""
    if out is None or not out.is_dir():
        return 0
    with EpisodeLog(out) as log:
        return sum(episode.task == task for episode in log.episodes())


def _resolved(episode: Episode) -> bool:
    return episode.verdict is not None and episode.verdict.outcome is Outcome.RESOLVED
