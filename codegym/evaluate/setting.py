"""A policy and the envs it plays in: everything that decides how the episodes of an evaluation come out."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codegym.env import CodeEnv
from codegym.episode import Episode
from codegym.errors import ImageError
from codegym.evaluate.attempts import play_attempts
from codegym.evaluate.folder import Facts, keep_facts
from codegym.policy.answers import AnswerOptions
from codegym.policy.lookup import make_policy
from codegym.policy.protocol import Conversation, HasNotes, Opening, Policy
from codegym.policy.speech import DEFAULT_DIALECT, spoken_dialect
from codegym.progress.protocol import Progress, silent
from codegym.rollout.metrics import RolloutMetrics, Tally, summarise
from codegym.sandbox.backend import backend
from codegym.suite import Suite
from codegym.tool.cut import whole

WORKERS_PER_CORE = 4
"""Episodes at once by default: most of an episode is waiting."""


@dataclass(frozen=True)
class Setting:
    """A policy, and the envs it plays in. ``max_turns`` 0 leaves a task's own number of turns.

    ``answers`` are what was asked for; ``notes`` say how the policy asks its model, one sentence each.
    """

    suite: Suite
    policy: Policy
    dialect: str = DEFAULT_DIALECT
    sandbox: str = "bwrap"
    max_turns: int = 0
    limits: Mapping[str, float] = field(default_factory=dict)
    cache: bool = True
    workers: int = 1
    seed: int = 0
    answers: AnswerOptions = field(default_factory=AnswerOptions)
    notes: tuple[str, ...] = ()

    def make_env(self) -> CodeEnv:
        """Make an env. Raises :class:`ConfigError` for an option that it refuses."""
        return CodeEnv(
            self.suite,
            dialect=self.dialect,
            sandbox=self.sandbox,
            cache=self.cache,
            limits=self.limits,
            max_turns=self.max_turns or None,
        )

    def facts(self) -> Facts:
        """Return what decides how episodes come out, besides task, policy and the episode's seed."""
        answers = self.answers.values()
        return ({"answers": answers} if answers else {}) | {
            "suite": self.suite.env_id,
            "suite_digest": self.suite.digest,
            "dialect": self.dialect,
            "sandbox": self.sandbox,
            "max_turns": self.max_turns,
            "limits": dict(self.limits),
            "seed": self.seed,
        }


@dataclass(frozen=True)
class NamedPolicy:
    """A policy under another name."""

    policy: Policy
    name: str

    def begin(self, opening: Opening) -> Conversation:
        """Start one episode."""
        return self.policy.begin(opening)

    def close(self) -> None:
        """Close the policy."""
        self.policy.close()


@contextmanager
def open_setting(
    suite: Suite,
    policy: str | Mapping[str, Any],
    *,
    name: str = "",
    dialect: str = "",
    sandbox: str = "bwrap",
    max_turns: int = 0,
    limits: Mapping[str, float] | None = None,
    cache: bool = True,
    workers: int = 0,
    seed: int = 0,
    answers: AnswerOptions | None = None,
) -> Iterator[Setting]:
    """Make the policy and yield the setting; the policy is closed when the block ends.

    ``policy`` is as :func:`~codegym.policy.lookup.make_policy` takes it, ``name`` replaces its name,
    ``dialect`` "" is the policy's only one or the default, and ``workers`` 0 means four per core. Raises
    :class:`ImageError` if this machine has the image of none of the suite's tasks, :class:`ConfigError` or
    :class:`PolicyError` if there is no such policy, and :class:`ConfigError` for a dialect that it can't play in.
    """
    _require_an_image(suite, sandbox)
    own_policy = make_policy(policy, answers)
    workers = workers or WORKERS_PER_CORE * (os.cpu_count() or 1)
    try:
        dialect = spoken_dialect(own_policy, dialect)
        named_policy = NamedPolicy(own_policy, whole(name)) if name else own_policy
        yield Setting(
            suite,
            named_policy,
            dialect,
            sandbox,
            max_turns,
            limits or {},
            cache,
            workers,
            seed,
            answers or AnswerOptions(),
            tuple(own_policy.notes(dialect)) if isinstance(own_policy, HasNotes) else (),
        )
    finally:
        own_policy.close()


def play_all(
    setting: Setting, tasks: Sequence[str], samples: int, folder: Path, progress: Progress = silent
) -> Generator[Episode, None, None]:
    """Play ``samples`` episodes of each task and yield each when it is in ``folder``.

    Episodes that the folder already has are yielded first and are not played again. Raises :class:`ConfigError`
    if those were played in another setting, or for an option that the env refuses; then nothing is written.
    """
    setting.make_env().close()
    keep_facts(folder, setting.policy.name, setting.facts())
    tally, total = Tally(), len(tasks) * samples
    what = f"{setting.suite.name} by {setting.policy.name}"
    progress(what, 0, total)
    with closing(_attempts(setting, tasks, samples, folder)) as episodes:
        for done, episode in enumerate(episodes, 1):
            tally.add(episode)
            progress(what, done, total, tally.note())
            yield episode


def play_metrics(
    setting: Setting, tasks: Sequence[str], samples: int, folder: Path, progress: Progress = silent
) -> RolloutMetrics:
    """Play as :func:`play_all` does, and return the metrics; without scores if too many episodes were lost."""
    with closing(play_all(setting, tasks, samples, folder, progress)) as episodes:
        return summarise(episodes).scored()


def _attempts(
    setting: Setting, tasks: Sequence[str], samples: int, folder: Path
) -> Generator[Episode, None, None]:
    return play_attempts(
        setting.policy,
        tasks,
        samples,
        seed=setting.seed,
        workers=setting.workers,
        make_env=setting.make_env,
        folder=folder,
    )


def _require_an_image(suite: Suite, sandbox: str) -> None:
    """Raise :class:`ImageError` if this machine has the image of none of the suite's tasks."""
    missing: list[ImageError] = []
    for image in suite.images:
        try:
            backend(sandbox).require(image)
        except ImageError as error:
            missing.append(error)
        else:
            return
    if missing:
        raise missing[0]
