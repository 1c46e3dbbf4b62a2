"""``codegym grade``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give, notice
from codegym.episode import Outcome
from codegym.evaluate.predictions import failed_by_machine, grade_predictions, last_of_each
from codegym.exporter.predictions import of_one_model, published_id, read_predictions, tasks_by_published_id
from codegym.exporter.report import RunReport, instance_report, make_report, write_report
from codegym.progress.bars import bars
from codegym.sandbox.backend import backend
from codegym.suite import claimed_suite, load_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite that the predictions are for.")],
    predictions: Annotated[Path, Argument(help="Predictions as SWE-bench has them: .jsonl or .json.")],
    *,
    out: Annotated[Path | None, Option(help="A folder for report.json and a report for each instance.")] = None,
    sandbox: Annotated[
        str, Option("--sandbox", "--backend", help="Where to run: bwrap, docker or docker-volume.")
    ] = "bwrap",
    workers: Annotated[int, Option(min=0, help="Predictions graded at once; 0: one per core.")] = 0,
    model: Annotated[
        str | None,
        Option(help="The model (model_name_or_path) to grade, if the file has predictions of several."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Grade predictions, patches that were made elsewhere, and report as SWE-bench does.

    A patch has to apply exactly. Of two predictions for an instance the last one counts, and a notice is printed.
    An instance that `codegym certify` refused counts as an error, and the reason is printed. Exits with 3 if a
    failure of the machine kept one from being graded.

    Example: `codegym grade verified predictions.jsonl --out reports/mine`
    """
    loaded, tasks = load_suite(suite), tasks_by_published_id(claimed_suite(suite))
    _, answers = of_one_model(read_predictions(predictions), model)
    last_answers = last_of_each(answers, tasks, f"{suite} in {predictions}", notice)
    count, verdicts = workers or os.cpu_count() or 1, {}
    with bars() as progress:
        graded = grade_predictions(loaded, last_answers, tasks, backend(sandbox), workers=count, progress=progress)
        for name, verdict in graded:
            verdicts[name] = verdict
            if verdict.outcome is Outcome.INFRA_ERROR:
                notice(f"{tasks[name].id}: {verdict.detail}")
    report = make_report({published_id(task) for task in tasks.values()}, last_answers, verdicts)
    if out is not None:
        write_report(out / "report.json", report)
        for name, verdict in verdicts.items():
            write_report(out / "instances" / f"{tasks[name].id}.json", instance_report(name, verdict))
    give(report.model_dump(mode="json"), _text(report), as_json=as_json)
    if any(map(failed_by_machine, verdicts.values())):
        raise Exit(INFRASTRUCTURE)


def _text(report: RunReport) -> str:
    return (
        f"{report.submitted_instances} of {report.total_instances} answered: "
        f"{report.resolved_instances} resolved, {report.unresolved_instances} not, "
        f"{report.empty_patch_instances} empty, {report.error_instances} errors"
    )
