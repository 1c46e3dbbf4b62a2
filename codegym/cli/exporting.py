"""``codegym export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from codegym.cli.output import Json, give
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError, unknown
from codegym.exporter.harbor import export_harbor
from codegym.exporter.predictions import predictions_of, published_id, write_predictions
from codegym.exporter.report import make_report, write_report
from codegym.exporter.swebench import export_rows
from codegym.progress.bars import bars
from codegym.suite import Suite, load_suite
from codegym.task import Task

NO_ARGS_IS_HELP = True
_KINDS = ("harbor", "swebench", "predictions", "report")


def verb(
    suite: Annotated[str, Argument(help="The suite to write.")],
    *,
    to: Annotated[str, Option(help="One of: " + ", ".join(_KINDS))],
    out: Annotated[Path, Option(help="A folder for harbor and swebench, a file for predictions and report.")],
    split: Annotated[str | None, Option(help="Only the tasks of this split.")] = None,
    episodes: Annotated[
        Path | None, Option(help="For predictions and report: episodes, a folder or a file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a suite's tasks, or what a policy made of them, in the form of others.

    *harbor*: a folder a task, with Dockerfile, solution, tests. *swebench*: rows.jsonl with SWE-bench's columns;
    imported rows come back as they were, other tasks bring a git repository with their commits. *predictions* and
    *report*: the episodes of a run as SWE-bench's predictions and as its report.

    Examples:

    - `codegym export kata --to harbor --out kata-harbor`
    - `codegym export pyrepair --split test --to swebench --out rows`
    - `codegym export kata --to predictions --episodes runs/mine --out predictions.jsonl`
    """
    loaded = load_suite(suite)
    tasks = loaded.split(split)
    if to not in _KINDS:
        raise ConfigError(unknown("form to export to", to, _KINDS))
    if to in ("predictions", "report"):
        count = _results(loaded, tasks, to, out, episodes)
    else:
        with bars() as progress:
            export = export_harbor if to == "harbor" else export_rows
            count = export(loaded, tasks, out, lambda done: progress("exporting", done, len(tasks)))
    value = {"suite": loaded.env_id, "to": to, "out": str(out), "count": count}
    give(value, f"{loaded.env_id}: {count} {'tasks' if to in _KINDS[:2] else 'answers'} to {out}", as_json=as_json)


def _results(suite: Suite, tasks: tuple[Task, ...], to: str, out: Path, episodes: Path | None) -> int:
    if episodes is None:
        raise ConfigError(f"--to {to} is made of episodes: say where they are with --episodes")
    names = {task.id: published_id(task) for task in tasks}
    played = [episode for episode in read_episodes(episodes) if episode.task in names]
    if to == "predictions":
        return write_predictions(out, predictions_of(suite, played))
    first = {episode.task: episode for episode in reversed(played)}
    verdicts = {names[id_]: e.verdict for id_, e in first.items() if e.verdict is not None and e.patch.strip()}
    report = make_report(names.values(), (names[id_] for id_ in first), verdicts)
    write_report(out, report)
    return report.submitted_instances
