"""``codegym play``: a person plays an episode, in the same env, with the same tools and grader as an agent."""

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
from codegym.episode import is_resolved
from codegym.evaluate.attempts import record_attempt
from codegym.suite import load_suite

NO_ARGS_IS_HELP = True
DAY_SECONDS = 24 * 3600.0
"""The time limit of an episode that a person plays: people think longer than agents."""


def verb(
    suite: Annotated[str, Argument(help="The suite, such as kata.")],
    task: Annotated[str, Argument(help="The task; default: a random one.")] = "",
    *,
    split: Annotated[str | None, Option(help="Only tasks of this split.")] = None,
    seed: Annotated[int | None, Option(help="Decides which task is chosen.")] = None,
    dialect: Annotated[str, Option(help="How actions are written: tagged, line, shell or native.")] = "tagged",
    sandbox: Annotated[str, Option(help="Where the episode runs: bwrap, docker or docker-volume.")] = "bwrap",
    out: Annotated[Path | None, Option(help="Record the episode in this folder, for codegym show.")] = None,
    as_json: Json = False,
) -> None:
    """Play an episode yourself, and see what an agent sees.

    Type a tool and its arguments as in a shell (`view src/a.py 1 40`, `test`, `!ls`, `submit`), or a call in the
    dialect itself. `?` explains the tools, Ctrl-D leaves. Exits with 1 if the task is not resolved.

    Examples:

    - `codegym play kata`
    - `codegym play kata tip-jar --dialect line`
    """
    loaded, console = load_suite(suite), human(as_json=as_json)
    chosen = task or random.Random(seed).choice(loaded.split(split).ids)  # noqa: S311 - not for secrets
    env = CodeEnv(loaded, split, chosen, sandbox=sandbox, dialect=dialect, limits={"episode_seconds": DAY_SECONDS})
    with closing(env):
        episode = record_attempt(env, Person(console, env.tools), chosen, seed=seed or 0, folder=out)
    console.print(Rule("what it earned", style="dim"))
    give(episode.model_dump(mode="json"), earned(episode), as_json=as_json)
    raise Exit(0 if is_resolved(episode) else FOUND_A_PROBLEM)
