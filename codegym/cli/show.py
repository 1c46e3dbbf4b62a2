"""``codegym show``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from typer import Argument, Option

from codegym.board.standings import UNKNOWN
from codegym.cli.output import Json, give, table
from codegym.deadline import Deadline
from codegym.episode import Episode, Step, TestStatus, Verdict
from codegym.episode_file import read_run
from codegym.errors import ConfigError
from codegym.tool.cut import printable

NO_ARGS_IS_HELP = True
_MOST_LINES = 24
"""Lines of an observation that are shown without --full."""


def verb(
    path: Annotated[Path, Argument(help="A file of episodes, or a run's folder.")],
    number: Annotated[int | None, Argument(help="The episode's number, from 0; default: list them.")] = None,
    *,
    task: Annotated[str, Option(help="Only episodes of this task.")] = "",
    policy: Annotated[str, Option(help="Only episodes of this policy.")] = "",
    full: Annotated[bool, Option("--full", help="Do not shorten long observations.")] = False,
    as_json: Json = False,
) -> None:
    """Show episodes: the agent's actions, turn by turn, and the grade.

    Examples:

    - `codegym show runs/mine/episodes/after`
    - `codegym show runs/mine/episodes/after 3`
    """
    chosen = [e for e in read_run(path) if task in ("", e.task) and policy in ("", e.policy)]
    if number is None and len(chosen) != 1:
        give([_brief(i, e) for i, e in enumerate(chosen)], _list_table(chosen), as_json=as_json)
        return
    episode = next(islice(chosen, number or 0, None), None) if (number or 0) >= 0 else None
    if episode is None:
        raise ConfigError(f"no episode {number}: there are {len(chosen)}, numbered from 0")
    give(episode.model_dump(mode="json"), _page(episode, full=full), as_json=as_json)


def _outcome(episode: Episode) -> str:
    return episode.verdict.outcome.value if episode.verdict else "infra_error"


def _brief(number: int, episode: Episode) -> dict[str, object]:
    return {
        "number": number,
        "task": episode.task,
        "sample": episode.sample,
        "policy": episode.policy,
        "outcome": _outcome(episode),
        "reward": episode.reward,
        "stop": episode.stop.value,
        "turns": len(episode.steps),
        "tokens": episode.usage.get("completion_tokens", 0),
        "seconds": round(episode.timings.get("all", 0.0), 2),
    }


def _list_table(episodes: list[Episode]) -> RenderableType:
    if not episodes:
        return table("no episodes")
    numbers = ("number", "sample", "reward", "turns", "tokens", "seconds")
    rows = table(*_brief(0, episodes[0]), right=numbers)
    for i, episode in enumerate(episodes):
        cells = {name: UNKNOWN if value is None else str(value) for name, value in _brief(i, episode).items()}
        style = "green" if cells["outcome"] == "resolved" else ""
        rows.add_row(*(Text(cell, style=style if name == "outcome" else "") for name, cell in cells.items()))
    return rows


def _page(episode: Episode, *, full: bool) -> Group:
    parts: list[RenderableType] = [_head(episode), Rule("instruction", style="dim"), Text(episode.instruction)]
    for i, step in enumerate(episode.steps, 1):
        parts += _turn(i, step, full=full)
    parts += [
        Rule("patch", style="dim"),
        Syntax(printable(episode.patch) or "(none)", "diff", background_color="default"),
    ]
    parts += [Rule("what it earned", style="dim"), earned(episode)]
    return Group(*parts)


def _head(episode: Episode) -> Text:
    versions = ", ".join(f"{name} {version}" for name, version in episode.versions.items())
    return Text.assemble(
        (f"{episode.suite}/{episode.task}", "bold"),
        f"  by {episode.policy}, sample {episode.sample}, seed {episode.seed}\n",
        (f"episode {episode.id}, task {episode.task_digest[:12]}, {versions}", "dim"),
    )


def _turn(number: int, step: Step, *, full: bool) -> list[RenderableType]:
    cached = ", cached" if step.cached else ""
    title = f"turn {number}: {step.tool or 'malformed'} ({step.seconds:.2f} s{cached})"
    style = "cyan" if step.tool else "bold red"
    observation = printable(step.observation) if full else _cut(printable(step.observation))
    return [
        Rule(Text(title, style=style), style="dim", align="left"),
        Text(printable(step.action)),
        Text(observation, "dim"),
    ]


def _cut(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= _MOST_LINES:
        return text
    half = _MOST_LINES // 2
    return "\n".join([*lines[:half], f"… {len(lines) - 2 * half} lines (--full shows them)", *lines[-half:]])


def earned(episode: Episode) -> Group:
    """Return how an episode ended: verdict, tests, reward and its components, tokens, seconds, time limits."""
    outcome = _outcome(episode)
    good = outcome == "resolved"
    lines = [Text.assemble((outcome, "bold green" if good else "bold red"), f"  stopped: {episode.stop.value}")]
    if episode.verdict:
        lines += [Text(printable(episode.verdict.detail)), *_tests(episode.verdict)]
    if episode.error:
        lines.append(Text(printable(episode.error), style="red"))
    parts = ", ".join(f"{name} {value:g}" for name, value in episode.components.items())
    reward = "none (could not be graded)" if episode.reward is None else f"{episode.reward:g}"
    lines.append(Text.assemble(("reward ", "dim"), (reward, "bold"), (f"   {parts}", "dim")))
    lines.append(Text(_sums("tokens", episode.usage) + _sums("seconds", episode.timings), style="dim"))
    return Group(*lines, *([_ledger(episode.deadlines)] if episode.deadlines else []))


def _tests(verdict: Verdict) -> list[Text]:
    counts = []
    for name, results in (("fail-to-pass", verdict.fail_to_pass), ("pass-to-pass", verdict.pass_to_pass)):
        passed = sum(status is TestStatus.PASSED for status in results.values())
        counts.append(f"{name} {passed}/{len(results)}")
    cached = " (from the cache)" if verdict.cached else ""
    return [Text(f"{', '.join(counts)}, graded in {verdict.seconds:.2f} s{cached}")]


def _ledger(deadlines: Sequence[Deadline]) -> Table:
    """Return the time limits that applied: how often, how often they fired, and the seconds."""
    numbers = ("limit", "times", "fired", "longest", "in all")
    rows = table("deadline", *numbers, right=numbers)
    for deadline in deadlines:
        limit = "none" if deadline.limit is None else f"{deadline.limit:g} s"
        seconds = (f"{deadline.longest:.2f} s", f"{deadline.total:.2f} s")
        style = "bold red" if deadline.fired else "dim"
        rows.add_row(deadline.name, limit, str(deadline.times), str(deadline.fired), *seconds, style=style)
    return rows


def _sums(title: str, values: dict[str, int] | dict[str, float]) -> str:
    sums = ", ".join(f"{name} {value:g}" for name, value in values.items())
    return f"{title}: {sums}   " if sums else ""
