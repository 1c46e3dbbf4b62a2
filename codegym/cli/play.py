"""``codegym play``: a person takes an episode by hand.

The person is a policy like any other, so that what they meet is exactly what an agent meets: the same env, the
same dialects, the same grader.
"""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.rule import Rule
from rich.text import Text
from typer import Argument, Exit, Option

from codegym.cli.exits import FOUND_A_PROBLEM
from codegym.cli.output import Json, give, human
from codegym.cli.show import earned
from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome
from codegym.policy.protocol import Opening, Reply
from codegym.rollout.job import Job
from codegym.rollout.log import EpisodeLog
from codegym.rollout.play import play
from codegym.suite import load_suite
from codegym.tool.call import Call
from codegym.tool.dialect import dialect as dialect_named

NO_ARGS_IS_HELP = True
DAY = 24 * 3600.0
"""People think longer than agents: no episode by hand ends earlier for its time, in seconds."""


def verb(
    suite: Annotated[str, Argument(help="The suite, such as kata.")],
    task: Annotated[str, Argument(help="The task; default: a random one.")] = "",
    split: Annotated[str | None, Option(help="Pick from this split only.")] = None,
    seed: Annotated[int | None, Option(help="Decides which task is picked.")] = None,
    dialect: Annotated[str, Option(help="How actions are said: tagged, line, shell or native.")] = "tagged",
    sandbox: Annotated[str, Option(help="Where it runs: bwrap or docker.")] = "bwrap",
    out: Annotated[Path | None, Option(help="Keep the episode in this folder, for codegym show.")] = None,
    as_json: Json = False,
) -> None:
    """Take an episode by hand, and see what an agent sees.

    Write one action after the other; `?` explains how, Ctrl-D leaves. An action over several lines ends when
    its call is closed, or at a line with a single dot. Exits with 1 if the task is not resolved.

    Examples: codegym play kata · codegym play kata tip-jar --dialect line
    """
    loaded, console = load_suite(suite), human(as_json=as_json)
    env = CodeEnv(loaded, split, task or None, sandbox=sandbox, dialect=dialect, limits={"episode_seconds": DAY})
    chosen = task or random.Random(seed).choice(loaded.split(split)).id  # noqa: S311 - not for secrets
    with closing(env):
        episode = play(Job(chosen, _sample(out, chosen), seed or 0), Person(console), env)
    if out:
        with EpisodeLog(out) as log:
            log.append(episode)
    if not as_json:
        console.print(Rule(style="dim"))
    give(episode.model_dump(mode="json"), earned(episode), as_json=as_json)
    raise Exit(0 if _resolved(episode) else FOUND_A_PROBLEM)


@dataclass(frozen=True)
class Person:
    """Answers with what is typed; shows everything on ``console``."""

    console: Console
    name: str = "human"

    def begin(self, opening: Opening) -> Typing:
        """Show the task and how to speak."""
        self.console.print(Rule(f"{opening.task.id}", style="dim"))
        self.console.print(Text(opening.task.instruction))
        self.console.print(Rule("how to act (? shows it again)", style="dim"))
        self.console.print(Text(opening.system, "dim"))
        return Typing(opening, self.console)

    def close(self) -> None:
        """Do nothing: people close themselves."""


@dataclass
class Typing:
    """One episode of a person."""

    opening: Opening
    console: Console
    counts: dict[str, int] = field(default_factory=lambda: {"requests": 0})

    def reply(self, observation: str | None) -> Reply:
        """Show the observation and read an action. Raises :class:`typer.Exit` at the end of the input."""
        if observation is not None:
            self.console.print(Text(observation))
        self.counts["requests"] += 1
        return Reply(self._action())

    def tokens(self) -> None:
        """Return ``None``: people keep theirs to themselves."""

    def usage(self) -> dict[str, int]:
        """Return how often the person was asked."""
        return self.counts

    def close(self) -> None:
        """Do nothing."""

    def _action(self) -> str:
        lines: list[str] = []
        while True:
            line = self._line("… " if lines else "> ")
            if not lines and line.strip() in ("", "?"):
                self.console.print(Text(self.opening.system if line.strip() else "", "dim"))
            elif lines and line.strip() == ".":
                return "\n".join(lines)
            else:
                lines.append(line)
                if self._is_whole("\n".join(lines)):
                    return "\n".join(lines)

    def _line(self, prompt: str) -> str:
        self.console.print(prompt, end="", style="bold cyan")
        try:
            return input()
        except EOFError:
            self.console.print("\nleft: nothing was submitted, nothing graded", style="dim")
            raise Exit(FOUND_A_PROBLEM) from None

    def _is_whole(self, text: str) -> bool:
        """Return whether ``text`` is a call, or does not even begin one that later lines could close."""
        begun = self.opening.dialect != "line" and text.lstrip()[:1] in ("<", "`", "{")
        return not begun or isinstance(dialect_named(self.opening.dialect).parse(text), Call)


def _sample(out: Path | None, task: str) -> int:
    """Return how many attempts at ``task`` the folder holds already."""
    if out is None or not out.is_dir():
        return 0
    with EpisodeLog(out) as log:
        return sum(episode.task == task for episode in log.episodes())


def _resolved(episode: Episode) -> bool:
    return episode.verdict is not None and episode.verdict.outcome is Outcome.RESOLVED
