"""``codegym grade``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give, notice
from codegym.cli.progress import bars
from codegym.episode import Outcome, Verdict
from codegym.errors import ConfigError, GradeError, SandboxError, unknown
from codegym.grade.grade import grade
from codegym.importer.predictions import Prediction, published_id, read_predictions, tasks_by_published_id
from codegym.importer.report import instance_report, make_report, write_report
from codegym.sandbox.backend import backend
from codegym.suite import Suite, load_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite whose tasks were answered.")],
    predictions: Annotated[Path, Argument(help="Predictions as SWE-bench has them: .jsonl or .json.")],
    *,
    out: Annotated[Path | None, Option(help="A folder for report.json and a report for each instance.")] = None,
    sandbox: Annotated[str, Option("--sandbox", "--backend", help="Where to run: bwrap or docker.")] = "bwrap",
    workers: Annotated[int, Option(min=0, help="Answers side by side; 0: one a core.")] = 0,
    as_json: Json = False,
) -> None:
    """Grade predictions, patches that were made elsewhere, and report as SWE-bench does.

    A patch has to apply exactly. Exits with 3 if the machine's trouble kept one from being graded.

    Example: `codegym grade verified predictions.jsonl --out reports/mine`
    """
    loaded = load_suite(suite)
    given = {found.instance_id: found for found in read_predictions(predictions)}
    known = tasks_by_published_id(loaded)
    for name in given:
        if name not in known:
            raise ConfigError(unknown(f"instance of {suite} in {predictions}", name, known))
    verdicts = dict(_verdicts(loaded, given, sandbox, workers or os.cpu_count() or 1))
    report = make_report((published_id(task) for task in loaded.tasks.values()), given, verdicts)
    if out is not None:
        write_report(out / "report.json", report)
        for name, verdict in verdicts.items():
            write_report(out / "instances" / f"{name}.json", instance_report(name, verdict))
    shown = (
        f"{report.submitted_instances} of {report.total_instances} answered: "
        f"{report.resolved_instances} resolved, {report.unresolved_instances} not, "
        f"{report.empty_patch_instances} empty, {report.error_instances} errors"
    )
    give(report.model_dump(mode="json"), shown, as_json=as_json)
    if any(verdict.outcome is Outcome.INFRA_ERROR for verdict in verdicts.values()):
        raise Exit(INFRASTRUCTURE)


def _verdicts(
    suite: Suite, given: dict[str, Prediction], sandbox: str, workers: int
) -> Iterator[tuple[str, Verdict]]:
    box, known = backend(sandbox), tasks_by_published_id(suite)
    answered = [found for found in given.values() if (found.model_patch or "").strip()]

    def one(found: Prediction) -> Verdict:
        patch = found.model_patch or ""
        try:
            return grade(suite, known[found.instance_id], patch, backend=box, cache=None)
        except (GradeError, SandboxError) as error:
            notice(f"{found.instance_id}: {error}")
            return Verdict(outcome=Outcome.INFRA_ERROR, detail=str(error))

    with bars() as progress, ThreadPoolExecutor(workers) as pool:
        for done, (found, verdict) in enumerate(zip(answered, pool.map(one, answered), strict=True), 1):
            progress("grading", done, len(answered))
            yield found.instance_id, verdict
