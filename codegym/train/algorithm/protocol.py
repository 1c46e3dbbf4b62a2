"""What a phase of a run is, and what it may use: the run's settings, its suite, its folders, its display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from codegym.env import CodeEnv
from codegym.episode import Episode
from codegym.evaluate.attempts import attempts, chosen_tasks, solved_note
from codegym.policy.protocol import Opening, Policy
from codegym.progress.display import Display, PhaseBar
from codegym.suite import Suite
from codegym.train.config import RunConfig
from codegym.train.folder import PhaseFolder


class Phase(Protocol):
    """One ``[[phase]]`` of a run, made from its settings and a :class:`RunContext`."""

    def check(self) -> None:
        """Raise :class:`ConfigError` or :class:`TaskError` for what would fail later. Writes nothing."""
        ...

    def run(self, start: Path | None) -> Path:
        """Do what is not done yet, and return the policy that the next phase starts from.

        ``start`` is the policy so far, a folder or a hub's name; ``None`` if there is none yet. A phase that was
        killed goes on from what it left in its folder.
        """
        ...


@dataclass(frozen=True)
class RunContext:
    """What the phases of a run share. ``folder`` is the run's, ``phases`` maps each phase to its own, in order."""

    config: RunConfig
    suite: Suite
    folder: Path
    phases: Mapping[str, PhaseFolder]
    display: Display

    def make_env(self) -> CodeEnv:
        """Open an env as ``[env]`` and ``[reward]`` say."""
        env = self.config.env
        return CodeEnv(
            self.suite,
            sandbox=env.sandbox,
            dialect=env.dialect,
            reward=self.config.reward,
            cache=env.cache,
            limits=env.limits,
            max_turns=env.max_turns,
        )

    def opening(self) -> Opening:
        """Return what every episode begins with: the system prompt, the tools and the dialect of ``[env]``."""
        with closing(self.make_env()) as env:
            return Opening(
                task=self.suite.task(self.tasks()[0]),
                system=env.dialect.system(env.tools),
                observation="",
                seed=0,
                tools=[tool.schema() for tool in env.tools],
                dialect=env.dialect.name,
            )

    def tasks(self) -> list[str]:
        """Return the ids of the tasks that training plays, as ``[env]`` chooses them."""
        return chosen_tasks(self.suite, self.config.env.split, self.config.env.tasks)

    def play(
        self, policy: Policy, tasks: Sequence[str], samples: int, folder: Path, bar: PhaseBar | None = None
    ) -> list[Episode]:
        """Play ``samples`` episodes of each task, except those that ``folder`` already holds; return all of them.

        ``bar`` shows how many have ended, and how many of them were solved.
        """
        ended: list[Episode] = []

        def show(episode: Episode) -> None:
            ended.append(episode)
            if bar:
                bar.update(len(ended) / (len(tasks) * samples), solved_note(ended))

        return attempts(
            policy,
            tasks,
            samples,
            seed=self.config.seed,
            workers=self.config.rollout.workers,
            retries=self.config.rollout.retries,
            make_env=self.make_env,
            folder=folder,
            progress=show,
        )
