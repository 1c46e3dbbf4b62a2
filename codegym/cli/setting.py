"""What ``run`` and ``eval`` share: their options, and playing with progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from typer import Option

from codegym.cli.output import notice
from codegym.evaluate.setting import Setting, open_setting
from codegym.policy.answers import AnswerOptions
from codegym.progress.bars import Bars, bars
from codegym.suite import Suite, load_suite
from codegym.train.trained import find_trained

_POLICY = "gold, repair, noop, random, guess, rules, replay:EPISODES, local:MODEL, endpoint:SETTINGS.toml"
PolicyName = Annotated[str, Option("--policy", help=f"Who plays: {_POLICY}.")]
Name = Annotated[str, Option(help="The policy's name in episodes and on boards.")]
Split = Annotated[str | None, Option(help="Only tasks of this split; default: all.")]
Samples = Annotated[int, Option(min=1, help="Episodes of each task.")]
Seed = Annotated[int, Option(help="Decides every episode's seed.")]
Out = Annotated[Path | None, Option(help="Folder for the episodes; default: a new one below runs/.")]
Resume = Annotated[bool, Option("--resume", help="Continue in a folder that has episodes already.")]
Workers = Annotated[int, Option(min=0, help="Episodes at once; 0: four per core.")]
DialectName = Annotated[
    str,
    Option(help="How actions are written: native, tagged, shell or line; default: tagged, or the policy's own."),
]
Sandbox = Annotated[str, Option(help="Where episodes run: bwrap, docker or docker-volume.")]
Turns = Annotated[int, Option(min=0, help="The most turns of an episode; 0: the task's own limit.")]
Temperature = Annotated[float | None, Option(min=0, help="Of a model's answers; default: its own.")]
TopP = Annotated[float | None, Option(min=0, max=1, help="Of a model's answers; default: its own.")]
AnswerTokens = Annotated[int | None, Option(min=1, help="The most tokens of an answer; default: fits the model.")]
ContextTokens = Annotated[int | None, Option(min=16, help="The most tokens of an episode; default: the model's.")]
NoCache = Annotated[bool, Option("--no-cache", help="Execute every test, even if its result is in the cache.")]


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
    answers: AnswerOptions,
) -> Iterator[Setting]:
    """Make a setting from the options.

    If the policy is from a training run's folder, options that are left out are as in that run.
    """
    loaded, trained = load_suite(suite), find_trained(policy)
    _notice_exclusions(loaded)
    if trained:
        how = f"dialect {trained.dialect}, {trained.max_turns} turns"
        notice(f"{policy} plays as {trained.config} trained it: {how}")
    with open_setting(
        loaded,
        trained.spec if trained else policy,
        name=name,
        dialect=dialect or (trained.dialect if trained else ""),
        sandbox=sandbox,
        max_turns=turns or (trained.max_turns if trained else 0),
        limits=trained.limits if trained else {},
        cache=cache,
        workers=workers,
        seed=seed,
        answers=answers,
    ) as setting:
        for note in setting.notes:
            notice(f"{setting.policy.name}: {note}")
        yield setting


@contextmanager
def watched(folder: Path) -> Iterator[Bars]:
    """Show progress while the block plays into ``folder``; on Ctrl-C print how to continue."""
    with bars() as progress:
        try:
            yield progress
        except KeyboardInterrupt:
            notice(f"stopped; {folder} has the episodes that ended. Continue with --resume --out {folder}")
            raise


def ended_by(stops: Mapping[str, int]) -> str:
    """Return what ended how many episodes, most first."""
    most_first = sorted(stops.items(), key=lambda item: -item[1])
    return "ended by: " + ", ".join(f"{stop} {count}" for stop, count in most_first)


def _notice_exclusions(suite: Suite) -> None:
    """Print how many tasks the suite's certificates exclude or shorten."""
    if suite.refused or suite.quarantined:
        counts = f"{len(suite.refused)} tasks are left out, {len(suite.quarantined)} lost tests"
        notice(f"{suite.name}: by its certificates, {counts}; codegym list tasks {suite.name} says why")
