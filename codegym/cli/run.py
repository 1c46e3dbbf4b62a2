"""``codegym run``."""

from __future__ import annotations

from typing import Annotated

from rich.text import Text
from typer import Argument, Exit, Option

from codegym.board.standings import UNKNOWN
from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give
from codegym.cli.setting import (
    AnswerTokens,
    ContextTokens,
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
    Temperature,
    TopP,
    Turns,
    Workers,
    ended_by,
    settle,
    watched,
)
from codegym.evaluate.folder import new_folder
from codegym.evaluate.setting import play_metrics
from codegym.policy.answers import AnswerOptions
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
    temperature: Temperature = None,
    top_p: TopP = None,
    answer_tokens: AnswerTokens = None,
    context_tokens: ContextTokens = None,
    workers: Workers = 0,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Let a policy play episodes, and record them.

    Look at them with `codegym show`. Exits with 3 if the machine's failures spoiled any.

    Examples:

    - `codegym run kata --policy gold --task tip-jar`
    - `codegym run kata --policy random --samples 8`
    """
    with settle(
        suite, policy, name,
        dialect=dialect, sandbox=sandbox, turns=max_turns, cache=not no_cache, workers=workers, seed=seed,
        answers=AnswerOptions(temperature, top_p, answer_tokens, context_tokens),
    ) as setting:  # fmt: skip
        tasks = setting.suite.split(split) if not task else [setting.suite.task(one) for one in task]
        folder = new_folder(out, "run", suite, setting.policy.name, resume=resume)
        with watched(folder) as progress:
            metrics = play_metrics(setting, [one.id for one in tasks], samples, folder, progress)
    value = metrics.model_dump(mode="json") | {"policy": setting.policy.name, "folder": str(folder)}
    give(value, Text(f"{_text(metrics)}\nlook at them: codegym show {folder}"), as_json=as_json)
    raise Exit(INFRASTRUCTURE if metrics.infra_errors else 0)


def _text(metrics: RolloutMetrics) -> str:
    outcomes = ", ".join(f"{name} {count}" for name, count in metrics.outcomes.items())
    lines = [f"{metrics.episodes} episodes: {outcomes or 'none graded'}; {metrics.infra_errors} not graded"]
    if metrics.failures:
        lines.append("failures: " + ", ".join(f"{name} {count}" for name, count in metrics.failures.items()))
    if metrics.failures and metrics.quarantined:
        lines.append(f"quarantined: {', '.join(metrics.quarantined)}")
    if metrics.stops:
        lines.append(ended_by(metrics.stops))
    if rewrites := metrics.usage.get("rewrites"):
        lines.append(
            f"the chat template rewrote earlier turns {rewrites} times: each began a new sequence of tokens"
        )
    cache = UNKNOWN if metrics.cache_hit_rate is None else f"{100 * metrics.cache_hit_rate:.0f} %"
    return "\n".join([*lines, f"{_reward(metrics)}, test results from the cache {cache}"])


def _reward(metrics: RolloutMetrics) -> str:
    lost, mean = metrics.lost(), metrics.mean_reward
    if mean is None:
        return f"no score: {lost or 'no episodes'}"
    return f"mean reward {mean:.3f}" + (f" ({lost})" if lost else "")
