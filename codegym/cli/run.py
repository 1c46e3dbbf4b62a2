"""``codegym run``."""

from __future__ import annotations

from typing import Annotated

from rich.text import Text
from typer import Argument, Exit, Option

from codegym.board.standings import UNKNOWN
from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give
from codegym.cli.setting import (
    DialectName,
    Name,
    NoCache,
    Out,
    PolicyName,
    Resume,
    Samples,
    Sandbox,
    Seed,
    Split,
    Turns,
    Workers,
    play_all,
    settle,
)
from codegym.evaluate.folder import new_folder
from codegym.rollout.metrics import RolloutMetrics

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite, such as kata.")],
    *,
    policy: PolicyName = "gold",
    task: Annotated[list[str] | None, Option(help="Only this task; may be given several times.")] = None,
    split: Split = None,
    samples: Samples = 1,
    seed: Seed = 0,
    name: Name = "",
    out: Out = None,
    resume: Resume = False,
    dialect: DialectName = "",
    sandbox: Sandbox = "bwrap",
    max_turns: Turns = 0,
    workers: Workers = 0,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Let a policy take episodes, and write them down.

    Look at them with `codegym show`. Exits with 3 if infrastructure spoiled any.

    Examples:

    - `codegym run kata --policy gold --task tip-jar`
    - `codegym run kata --policy random --samples 8`
    """
    with settle(
        suite, policy, name,
        dialect=dialect, sandbox=sandbox, turns=max_turns, cache=not no_cache, workers=workers, seed=seed,
    ) as setting:  # fmt: skip
        found = setting.suite.split(split) if not task else [setting.suite.task(one) for one in task]
        folder = new_folder(out, "run", suite, setting.policy.name, resume=resume)
        metrics = play_all(setting, [one.id for one in found], samples, folder).metrics().scored()
    value = metrics.model_dump(mode="json") | {"policy": setting.policy.name, "folder": str(folder)}
    give(value, Text(f"{_shown(metrics)}\nlook at them: codegym show {folder}"), as_json=as_json)
    raise Exit(INFRASTRUCTURE if metrics.infra_errors else 0)


def _shown(metrics: RolloutMetrics) -> str:
    outcomes = ", ".join(f"{name} {count}" for name, count in metrics.outcomes.items())
    lost, mean = metrics.lost(), metrics.mean_reward
    reward = (
        f"no score: {lost or 'no episodes'}" if mean is None else f"mean reward {mean:.3f}{lost and f' ({lost})'}"
    )
    cache = UNKNOWN if metrics.cache_hit_rate is None else f"{100 * metrics.cache_hit_rate:.0f} %"
    told = f"{metrics.episodes} episodes: {outcomes or 'none graded'}; {metrics.infra_errors} not graded"
    failures = ", ".join(f"{name} {count}" for name, count in metrics.failures.items())
    away = f"\nquarantined: {', '.join(metrics.quarantined)}" if metrics.quarantined else ""
    told += f"\nfailures: {failures}{away}" if failures else ""
    return f"{told}\n{reward}, test results from the cache {cache}"
