"""Executes what the tasks of any suite claim: the gold patch resolves each, no patch none, and again the same.

It goes through the real sandbox and the real grader, without the cache of results.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from codegym.episode import Outcome, Verdict
from codegym.errors import GradeError, SandboxError
from codegym.foundry.progress import Progress, silent
from codegym.grade.grade import grade
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Backend
from codegym.suite import Suite
from codegym.task import Frozen, Task

_TRIES = 2


class TaskCertificate(Frozen):
    """What was seen of one task. ``why`` is empty if it is as it should be. ``seconds`` is one gold run's."""

    task: str
    digest: str
    gold: Outcome
    empty: Outcome
    flaky: bool
    seconds: float
    why: str = ""


class Certificate(Frozen):
    """What was seen of a suite: counts, and every task's own certificate in the suite's order."""

    suite: str
    suite_digest: str
    backend: str
    repeats: int
    tasks: int
    gold_resolved: int
    empty_resolved: int
    flaky: int
    infra_errors: int
    seconds: float
    results: tuple[TaskCertificate, ...]

    @property
    def holds(self) -> bool:
        """Whether every task is as it should be."""
        return not any(result.why for result in self.results)


def certify(
    suite: Suite,
    backend_name: str = "bwrap",
    progress: Progress = silent,
    workers: int = 2,
    *,
    repeats: int = 2,
    tasks: Sequence[Task] | None = None,
) -> Certificate:
    """Grade the gold patch and an empty one ``repeats`` times for each of ``tasks`` (default: the suite's).

    ``workers`` tasks are looked at side by side. Trouble with a box is retried once, then reported as
    ``infra_error``; it never raises from here.
    """
    chosen = list(suite.tasks.values() if tasks is None else tasks)
    box, started = backend(backend_name), time.monotonic()
    found: dict[str, TaskCertificate] = {}
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(_certify_task, suite, task, box, repeats) for task in chosen]
        try:
            for done in as_completed(running):
                found[done.result().task] = done.result()
                progress(f"certifying {suite.name}", len(found), len(chosen))
        finally:
            for waiting in running:
                waiting.cancel()
    results = tuple(found[task.id] for task in chosen)
    return Certificate(
        suite=suite.env_id,
        suite_digest=suite.digest,
        backend=backend_name,
        repeats=repeats,
        tasks=len(results),
        gold_resolved=sum(result.gold is Outcome.RESOLVED for result in results),
        empty_resolved=sum(result.empty is Outcome.RESOLVED for result in results),
        flaky=sum(result.flaky for result in results),
        infra_errors=sum(Outcome.INFRA_ERROR in (result.gold, result.empty) for result in results),
        seconds=round(time.monotonic() - started, 1),
        results=results,
    )


def _certify_task(suite: Suite, task: Task, box: Backend, repeats: int) -> TaskCertificate:
    gold = list(_verdicts(suite, task, task.gold_patch, box, repeats))
    empty = list(_verdicts(suite, task, "", box, repeats))
    flaky = any(_differ(verdicts) for verdicts in (gold, empty))
    return TaskCertificate(
        task=task.id,
        digest=task.digest,
        gold=gold[-1].outcome,
        empty=empty[-1].outcome,
        flaky=flaky,
        seconds=round(gold[-1].seconds, 3),
        why=_why(gold, empty, flaky=flaky),
    )


def _verdicts(suite: Suite, task: Task, patch: str, box: Backend, repeats: int) -> Iterator[Verdict]:
    for _ in range(max(repeats, 1)):
        yield _verdict(suite, task, patch, box)


def _verdict(suite: Suite, task: Task, patch: str, box: Backend) -> Verdict:
    trouble = ""
    for _ in range(_TRIES):
        try:
            return grade(suite, task, patch, backend=box, cache=None)
        except (GradeError, SandboxError) as error:
            trouble = str(error)
    return Verdict(outcome=Outcome.INFRA_ERROR, detail=trouble)


def _differ(verdicts: list[Verdict]) -> bool:
    return any(_seen(verdict) != _seen(verdicts[0]) for verdict in verdicts)


def _seen(verdict: Verdict) -> tuple[object, ...]:
    return verdict.outcome, verdict.fail_to_pass, verdict.pass_to_pass


def _why(gold: list[Verdict], empty: list[Verdict], *, flaky: bool) -> str:
    if flaky:
        return "repeated runs do not agree"
    if gold[-1].outcome is not Outcome.RESOLVED:
        return f"the gold patch does not resolve it: {gold[-1].outcome}: {gold[-1].detail}"
    if empty[-1].outcome is not Outcome.UNRESOLVED:
        return f"the empty patch gives {empty[-1].outcome}: {empty[-1].detail}"
    return ""
