"""Grades predictions: patches that were made elsewhere, one per instance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from codegym.episode import Outcome, Verdict
from codegym.errors import ConfigError, TaskError, failure_of, unknown
from codegym.exporter.predictions import Prediction, published_id
from codegym.failure import Failure, FailureKind, Owner
from codegym.grade.grade import grade
from codegym.progress.protocol import Progress, silent
from codegym.rollout.retry import GaveUpError, Retry
from codegym.sandbox.protocol import Backend
from codegym.suite import Suite
from codegym.task import Task

Notice = Callable[[str], None]


def last_of_each(
    predictions: list[Prediction], tasks: Mapping[str, Task], source: str, notice: Notice = lambda _: None
) -> dict[str, Prediction]:
    """Map each instance's published name to its prediction; of several the last one counts, as for SWE-bench.

    ``tasks`` are by published name, ``source`` says where the predictions are from. ``notice`` is called with a
    line for each instance whose predictions differ. Raises :class:`ConfigError` for an instance that is no task.
    """
    last: dict[str, Prediction] = {}
    for prediction in predictions:
        if prediction.instance_id not in tasks:
            raise ConfigError(unknown(f"instance of {source}", prediction.instance_id, tasks))
        name = published_id(tasks[prediction.instance_id])
        if name in last and last[name].model_patch != prediction.model_patch:
            notice(f"{name}: there is more than one prediction, and they differ; the last one counts")
        last[name] = prediction
    return last


def grade_predictions(
    suite: Suite,
    predictions: Mapping[str, Prediction],
    tasks: Mapping[str, Task],
    backend: Backend,
    *,
    workers: int,
    progress: Progress = silent,
) -> Iterator[tuple[str, Verdict]]:
    """Yield the verdict on each prediction that has a patch, by name, ``workers`` at a time."""
    patches = {name: prediction.model_patch or "" for name, prediction in predictions.items()}
    patches = {name: patch for name, patch in patches.items() if patch.strip()}

    def one(name: str) -> Verdict:
        return verdict_on(suite, tasks[name], patches[name], backend)

    with ThreadPoolExecutor(workers) as pool:
        for done, (name, verdict) in enumerate(zip(patches, pool.map(one, patches), strict=True), 1):
            progress("grading", done, len(patches))
            yield name, verdict


def verdict_on(suite: Suite, task: Task, patch: str, backend: Backend) -> Verdict:
    """Grade one patch. Retry if the machine fails; then return an ``infra_error``, as for a refused task."""
    try:
        accepted = suite.task(task.id)
        return Retry().run(lambda: grade(suite, accepted, patch, backend=backend, cache=None))
    except TaskError as error:
        reason, failure = str(error), Failure(FailureKind.NOT_STARTED, Owner.TASK)
    except GaveUpError as error:
        reason, failure = str(error), failure_of(error.errors[-1])
    return Verdict(outcome=Outcome.INFRA_ERROR, detail=reason, failure=failure)


def failed_by_machine(verdict: Verdict) -> bool:
    """Return whether the machine, rather than the task, kept a patch from being graded."""
    failure = verdict.failure
    return verdict.outcome is Outcome.INFRA_ERROR and (failure is None or failure.owner is Owner.INFRASTRUCTURE)
