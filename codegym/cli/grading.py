"""``codegym grade``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give, notice
from codegym.episode import Outcome, Verdict
from codegym.errors import ConfigError, GradeError, SandboxError, TaskError, failure_of, unknown
from codegym.exporter.predictions import (
    Prediction,
    of_one_model,
    published_id,
    read_predictions,
    tasks_by_published_id,
)
from codegym.exporter.report import instance_report, make_report, write_report
from codegym.failure import Failure, FailureKind, Owner
from codegym.grade.grade import grade
from codegym.progress.bars import bars
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Backend
from codegym.suite import Suite, claimed_suite, load_suite
from codegym.task import Task

NO_ARGS_IS_HELP = True
_TRIES = 2


def verb(
    suite: Annotated[str, Argument(help="The suite whose tasks were answered.")],
    predictions: Annotated[Path, Argument(help="Predictions as SWE-bench has them: .jsonl or .json.")],
    *,
    out: Annotated[Path | None, Option(help="A folder for report.json and a report for each instance.")] = None,
    sandbox: Annotated[str, Option("--sandbox", "--backend", help="Where to run: bwrap or docker.")] = "bwrap",
    workers: Annotated[int, Option(min=0, help="Answers side by side; 0: one a core.")] = 0,
    model: Annotated[
        str | None,
        Option(help="Grade only this model's predictions (model_name_or_path), of several in the file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Grade predictions, patches that were made elsewhere, and report as SWE-bench does.

    A patch has to apply exactly. Of two predictions for an instance the last one counts, and that is said. An
    instance that `codegym certify` refused counts as an error, and the reason is printed. Exits with 3 if the
    machine's trouble kept one from being graded.

    Example: `codegym grade verified predictions.jsonl --out reports/mine`
    """
    loaded = load_suite(suite)
    known = tasks_by_published_id(claimed_suite(suite))
    _, answers = of_one_model(read_predictions(predictions), model)
    for found in answers:
        if found.instance_id not in known:
            raise ConfigError(unknown(f"instance of {suite} in {predictions}", found.instance_id, known))
    given = _last_of_each(answers, known)
    verdicts = dict(_verdicts(loaded, given, known, sandbox, workers or os.cpu_count() or 1))
    report = make_report({published_id(task) for task in known.values()}, given, verdicts)
    if out is not None:
        write_report(out / "report.json", report)
        for name, verdict in verdicts.items():
            write_report(out / "instances" / f"{known[name].id}.json", instance_report(name, verdict))
    shown = (
        f"{report.submitted_instances} of {report.total_instances} answered: "
        f"{report.resolved_instances} resolved, {report.unresolved_instances} not, "
        f"{report.empty_patch_instances} empty, {report.error_instances} errors"
    )
    give(report.model_dump(mode="json"), shown, as_json=as_json)
    failures = [verdict.failure for verdict in verdicts.values() if verdict.outcome is Outcome.INFRA_ERROR]
    if any(failure is None or failure.owner is Owner.INFRASTRUCTURE for failure in failures):
        raise Exit(INFRASTRUCTURE)


def _last_of_each(answers: list[Prediction], known: Mapping[str, Task]) -> dict[str, Prediction]:
    """Return one prediction for each instance, by the name that others know it by; the last, as SWE-bench does."""
    given: dict[str, Prediction] = {}
    for found in answers:
        name = published_id(known[found.instance_id])
        if name in given and given[name].model_patch != found.model_patch:
            notice(f"{name}: there is more than one prediction, and they differ; the last one counts")
        given[name] = found
    return given


def _verdicts(
    suite: Suite, given: Mapping[str, Prediction], known: Mapping[str, Task], sandbox: str, workers: int
) -> Iterator[tuple[str, Verdict]]:
    answers = {name: found.model_patch for name, found in given.items() if (found.model_patch or "").strip()}
    box = backend(sandbox)

    def one(name: str) -> Verdict:
        return _verdict(suite, known[name], answers[name] or "", box)

    with bars() as progress, ThreadPoolExecutor(workers) as pool:
        for done, (name, verdict) in enumerate(zip(answers, pool.map(one, answers), strict=True), 1):
            progress("grading", done, len(answers))
            yield name, verdict


def _verdict(suite: Suite, task: Task, patch: str, box: Backend) -> Verdict:
    """Return the verdict on one answer. Retry if the machine fails; then print why and report an error.

    So is a task that certificates refuse.
    """
    tries = _TRIES
    while True:
        tries -= 1
        try:
            return grade(suite, suite.task(task.id), patch, backend=box, cache=None)
        except TaskError as error:
            trouble, failure = str(error), Failure(FailureKind.NOT_STARTED, Owner.TASK)
        except (GradeError, SandboxError) as error:
            trouble, failure = str(error), failure_of(error)
        if tries == 0 or failure.owner is not Owner.INFRASTRUCTURE:
            notice(f"{task.id}: {trouble}")
            return Verdict(outcome=Outcome.INFRA_ERROR, detail=trouble, failure=failure)
