"""``codegym export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from codegym.cli.output import Json, give
from codegym.errors import ConfigError, unknown
from codegym.exporter.harbor import export_harbor
from codegym.exporter.results import export_predictions, export_report
from codegym.exporter.swebench import export_rows
from codegym.progress.bars import bars
from codegym.suite import load_suite

NO_ARGS_IS_HELP = True
_OF_EPISODES = ("predictions", "report")
_KINDS = ("harbor", "swebench", *_OF_EPISODES)


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
    """Write a suite's tasks, or a policy's answers, in the form of another project.

    *harbor*: one folder per task, with Dockerfile, solution and tests. *swebench*: rows.jsonl with SWE-bench's
    columns; imported rows are written as they came, other tasks with a git repository of their commits.
    *predictions* and *report*: the episodes of a run as SWE-bench's predictions and as its report.

    Examples:

    - `codegym export kata --to harbor --out kata-harbor`
    - `codegym export pyrepair --split test --to swebench --out rows`
    - `codegym export kata --to predictions --episodes runs/mine --out predictions.jsonl`
    """
    loaded = load_suite(suite)
    tasks = loaded.split(split)
    if to not in _KINDS:
        raise ConfigError(unknown("form to export to", to, _KINDS))
    if to in _OF_EPISODES:
        if episodes is None:
            raise ConfigError(f"--to {to} is made from episodes: name their file or folder with --episodes")
        if to == "predictions":
            count = export_predictions(loaded, tasks, episodes, out)
        else:
            count = export_report(tasks, episodes, out)
    else:
        with bars() as progress:
            export = export_harbor if to == "harbor" else export_rows
            count = export(loaded, tasks, out, lambda done: progress("exporting", done, len(tasks)))
    value = {"suite": loaded.env_id, "to": to, "out": str(out), "count": count}
    what = "answers" if to in _OF_EPISODES else "tasks"
    give(value, f"{loaded.env_id}: {count} {what} to {out}", as_json=as_json)
