"""``codegym difficulty``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from rich.console import Group
from rich.text import Text
from typer import Argument, Exit, Option

from codegym.board.interval import rough_note
from codegym.board.standings import percent
from codegym.board.stats import estimate
from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give, notice, table
from codegym.cli.setting import (
    DialectName,
    NoCache,
    Out,
    Resume,
    Sandbox,
    Seed,
    Split,
    Turns,
    Workers,
    settle,
    watched,
)
from codegym.cluster import cluster_count, shared_clusters
from codegym.difficulty import Level, TaskAttempts, difficulties, difficulty_path, read_attempts
from codegym.errors import ConfigError
from codegym.evaluate.attempts import chosen_tasks
from codegym.evaluate.difficulty import (
    BASELINES,
    KNOWS_THE_SOLUTION,
    PlayedPolicy,
    attempts_in,
    count_folders,
)
from codegym.evaluate.folder import new_folder
from codegym.evaluate.setting import play_metrics
from codegym.policy.answers import AnswerOptions
from codegym.suite import Suite, load_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite whose tasks are measured.")],
    *,
    policy: Annotated[
        list[str] | None,
        Option(help="Who plays, as for run; may be given several times. Default: the baselines random and guess."),
    ] = None,
    episodes: Annotated[
        list[Path] | None,
        Option(help="Play nothing; count the episodes, or else the board entries, below this folder. Repeatable."),
    ] = None,
    attempts: Annotated[int, Option(min=1, help="Attempts of each policy at each task.")] = 8,
    split: Split = None,
    tasks: Annotated[int, Option(min=0, help="Only so many tasks, spread evenly over the split; 0: all.")] = 0,
    seed: Seed = 0,
    out: Out = None,
    resume: Resume = False,
    dialect: DialectName = "",
    sandbox: Sandbox = "bwrap",
    max_turns: Turns = 0,
    workers: Workers = 0,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Measure how hard a suite's tasks are: how often policies solve each, with an interval.

    Policies play as in `codegym eval`, or recorded episodes count (--episodes). Counts are kept beside the suite
    and add up. `codegym list tasks` shows each task's rate and a label: thirds of the tasks that the same policies
    attempted, unknown until then. Lost attempts do not count; if they are too many, the verb exits with 3.

    Examples:

    - `codegym difficulty kata`
    - `codegym difficulty pyrepair --policy endpoint:model.toml --tasks 100 --out runs/hard --resume`
    - `codegym difficulty pyrepair --episodes runs/mine --episodes leaderboards/pyrepair`
    """
    loaded = load_suite(suite)
    folders = list(episodes or ())
    for folder in folders:
        attempts_in(folder, loaded)  # an error shall not wait until policies have played
    if policy or not folders:
        names = policy or list(BASELINES)
        for name in set(names) & set(KNOWS_THE_SOLUTION):
            raise ConfigError(
                f"{name} knows the solution: that it solves a task does not say how hard the task is"
            )
        folder = new_folder(out, "difficulty", suite, names[0] if policy else "baselines", resume=resume)
        chosen = chosen_tasks(loaded, split, tasks)
        for name in names:
            with settle(
                suite, name, "", dialect=dialect, sandbox=sandbox, turns=max_turns,
                cache=not no_cache, workers=workers, seed=seed, answers=AnswerOptions(),
            ) as setting, watched(folder) as progress:  # fmt: skip
                play_metrics(setting, chosen, attempts, folder, progress)
        folders.append(folder)
    policies = count_folders(loaded, folders)
    _notice_left_out(policies)
    records = read_attempts(loaded)
    give(_value(loaded, records), _text(loaded, records), as_json=as_json)
    raise Exit(0 if all(one.is_scored for one in policies) else INFRASTRUCTURE)


def _notice_left_out(policies: list[PlayedPolicy]) -> None:
    """Print what does not count, policy by policy."""
    for one in policies:
        if not one.is_scored:
            notice(
                f"{one.policy}: {one.lost} attempts were lost to the machine, so none counts: --resume tries again"
            )
        elif one.lost:
            notice(f"{one.policy}: {one.lost} attempts were lost to the machine and do not count")
        if one.others:
            notice(f"{one.policy}: {one.others} episodes are of another suite or of other versions of its tasks")


def _value(suite: Suite, records: list[TaskAttempts]) -> dict[str, Any]:
    measured = difficulties(records)
    rows = [
        {
            "task": task,
            "difficulty": one.level.value,
            "attempts": one.attempts,
            "solved": one.solved,
            "solve_rate": one.rate,
            "ci95": one.interval,
            "policies": list(one.policies),
        }
        for task, one in measured.items()
    ]
    labels = Counter(one.level for one in measured.values())
    labels[Level.UNKNOWN] += len(suite.tasks) - len(measured)
    return {
        "suite": suite.env_id,
        "file": str(difficulty_path(suite)),
        "tasks": len(suite.tasks),
        "labels": {level.value: labels[level] for level in Level},
        "policies": [_policy(suite, *policy, records) for policy in _policies(records)],
        "rows": rows,
    }


def _policies(records: list[TaskAttempts]) -> list[tuple[str, str]]:
    return sorted({(record.policy, record.policy_digest) for record in records})


def _policy(suite: Suite, name: str, digest: str, records: list[TaskAttempts]) -> dict[str, Any]:
    own = [record for record in records if (record.policy, record.policy_digest) == (name, digest)]
    clusters = shared_clusters(suite, [record.task for record in own])
    score = estimate({record.task: (record.attempts, record.solved) for record in own}, 1, clusters=clusters)
    return {
        "policy": name,
        "policy_digest": digest,
        "tasks": len(own),
        "clusters": cluster_count(len(own), clusters),
        "attempts": sum(record.attempts for record in own),
        "solved": sum(record.solved for record in own),
        "pass@1": score.value if score else None,
        "ci95": list(score.ci95) if score else None,
    }


def _rate(row: dict[str, Any]) -> str:
    """Return a policy's pass@1 with its interval as text."""
    if row["ci95"] is None:
        return ""
    low, high = row["ci95"]
    rough = f", {note}" if (note := rough_note(row["clusters"])) else ""
    return f"{percent(row['pass@1'])} % ({percent(low)} to {percent(high)}){rough}"


def _text(suite: Suite, records: list[TaskAttempts]) -> Group:
    value = _value(suite, records)
    numbers = ("tasks", "clusters", "attempts", "solved")
    rows = table("policy", "digest", *numbers, "pass@1", right=(*numbers, "pass@1"))
    for row in value["policies"]:
        cells = (str(row[column]) for column in numbers)
        rows.add_row(Text(row["policy"]), row["policy_digest"][:10], *cells, _rate(row))
    labels = ", ".join(f"{count} {label}" for label, count in value["labels"].items())
    about = f"{suite.name}: {value['tasks']} tasks, {labels}"
    return Group(rows, Text(f"{about}\n{value['file']}; codegym list tasks {suite.name} shows each task"))
