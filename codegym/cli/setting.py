"""What ``run`` and ``eval`` share: the options that say who plays what, where; and playing it with progress."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from codegym.cli.output import notice
from codegym.env import CodeEnv
from codegym.errors import ImageError
from codegym.evaluate.folder import Facts, keep_facts
from codegym.policy.lookup import make_policy
from codegym.policy.protocol import Conversation, Opening, Policy
from codegym.progress.bars import bars
from codegym.rollout.engine import rollout
from codegym.rollout.job import make_jobs
from codegym.rollout.log import EpisodeLog
from codegym.rollout.metrics import Tally
from codegym.sandbox.backend import backend
from codegym.suite import Suite, load_suite
from codegym.tool.cut import whole
from codegym.train.config import RunConfig, load_config
from codegym.train.folder import config_of, phase_of

_POLICY = "gold, noop, random, replay:EPISODES, local:MODEL, endpoint:SETTINGS.toml"
PolicyName = Annotated[str, Option("--policy", help=f"Who plays: {_POLICY}.")]
Name = Annotated[str, Option(help="What to call the policy in episodes and on boards.")]
Split = Annotated[str | None, Option(help="Only tasks of this split; default: all.")]
Samples = Annotated[int, Option(min=1, help="Episodes of each task.")]
Seed = Annotated[int, Option(help="Decides every episode's seed.")]
Out = Annotated[Path | None, Option(help="Folder for the episodes; default: a new one below runs/.")]
Resume = Annotated[bool, Option("--resume", help="Go on in a folder that holds episodes already.")]
Workers = Annotated[int, Option(min=0, help="Episodes at once; 0: four a core.")]
DialectName = Annotated[str, Option(help="How actions are said: native, tagged, shell or line.")]
Sandbox = Annotated[str, Option(help="Where they run: bwrap, docker.")]
Turns = Annotated[int, Option(min=0, help="Turns an episode may take; 0: what the task says.")]
NoCache = Annotated[bool, Option("--no-cache", help="Execute every test, even where the result is known.")]


@dataclass(frozen=True)
class Setting:
    """Who plays what, where. Empty ``dialect`` and zero ``max_turns`` are filled in by :func:`settle`."""

    suite: Suite
    policy: Policy
    dialect: str
    sandbox: str
    max_turns: int
    limits: dict[str, float]
    cache: bool
    workers: int
    seed: int

    def make_env(self) -> CodeEnv:
        """Open an env."""
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
        named = {"suite": self.suite.env_id, "suite_digest": self.suite.digest, "dialect": self.dialect}
        limited: Facts = {"max_turns": self.max_turns, "limits": self.limits}
        return {**named, "sandbox": self.sandbox, **limited, "seed": self.seed}


@dataclass(frozen=True)
class Called:
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
def settle(
    suite: str,
    policy: str,
    name: str,
    *,
    dialect: str,
    sandbox: str,
    turns: int,
    cache: bool,
    workers: int,
    seed: int,
) -> Iterator[Setting]:
    """Load the suite and the policy; the policy is closed when the block ends.

    A local policy that lies in a run's folder plays as it was trained: what the options leave open (dialect,
    turns), its limits and how it samples come from that run's ``config.toml``.
    """
    loaded = load_suite(suite)
    if loaded.refused or loaded.quarantined:
        told = f"{len(loaded.refused)} tasks are left out, {len(loaded.quarantined)} lost tests"
        notice(f"{suite}: by its certificates, {told}; codegym list tasks {suite} says why")
    _require_an_image(loaded, sandbox)
    spec, trained = _spec(policy, name)
    dialect = dialect or (trained.env.dialect if trained else "tagged")
    turns = turns or (trained.env.max_turns if trained else 0)
    limits = trained.env.limits if trained else {}
    made, name = make_policy(spec), whole(name)
    named = Called(made, name) if name else made
    workers = workers or 4 * (os.cpu_count() or 1)
    try:
        yield Setting(loaded, named, dialect, sandbox, turns, limits, cache, workers, seed)
    finally:
        made.close()


def _require_an_image(suite: Suite, sandbox: str) -> None:
    """Raise :class:`ImageError` if this machine has the image of none of the suite's tasks."""
    missing: list[ImageError] = []
    for image in dict.fromkeys(task.image for task in suite.tasks.values()):
        try:
            backend(sandbox).require(image)
        except ImageError as error:
            missing.append(error)
        else:
            return
    if missing:
        raise missing[0]


def play_all(setting: Setting, tasks: Sequence[str], samples: int, folder: Path) -> Tally:
    """Make the episodes, written to ``folder`` as they end, and count them.

    Ctrl-C stops within seconds: what has ended is kept, and the command that goes on is told. Raises
    :class:`ConfigError` if the folder holds episodes that were made otherwise, or for an option that the env
    refuses; then nothing is written.
    """
    setting.make_env().close()
    keep_facts(folder, setting.policy.name, setting.facts())
    tally, jobs = Tally(), make_jobs(tasks, samples, setting.seed)
    with EpisodeLog(folder) as log, bars() as progress:
        what = f"{setting.suite.name} by {setting.policy.name}"
        progress(what, 0, len(jobs))
        work = rollout(jobs, setting.policy, setting.make_env, workers=setting.workers, log=log)
        try:
            for done, episode in enumerate(work, 1):
                tally.add(episode)
                progress(what, done, len(jobs), _note(tally))
        except KeyboardInterrupt:
            work.close()
            notice(f"stopped; {folder} keeps what ended. Go on with --resume --out {folder}")
            raise
    return tally


def _note(tally: Tally) -> str:
    graded = tally.counts["episodes"] - tally.counts["infra_errors"]
    lost = f", {tally.counts['infra_errors']} not graded" if tally.counts["infra_errors"] else ""
    return f"resolved {tally.counts['resolved']} of {graded}{lost}"


def _spec(policy: str, name: str) -> tuple[str | dict[str, Any], RunConfig | None]:
    kind, _, path = policy.partition(":")
    config = config_of(Path(path)) if kind == "local" else None
    if config is None:
        return policy, None
    run = load_config(config)
    said = run.policy
    sampling = {"temperature": said.temperature, "answer": said.answer_tokens, "context": said.context_tokens}
    sampling |= {"batch": said.batch, "threads": said.threads}
    notice(f"{path} plays as {config} trained it: dialect {run.env.dialect}, {run.env.max_turns} turns")
    name = name or f"{run.name}-{phase_of(Path(path))}"
    table = {"kind": "local", "path": path, "name": name, "sampling": sampling, "device": said.device}
    return table, run
