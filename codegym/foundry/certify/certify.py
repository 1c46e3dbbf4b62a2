"""Executes what the tasks of any suite claim: the gold patch resolves each, no patch none, and always the same.

The real grader, in fresh boxes and without the cache of results, gives its word on both patches once. The
repetitions then run the tests in every state of a task under conditions that differ (:mod:`condition`), in boxes
that are opened once for many tasks of one source, and what is the same for several tasks is run once for all.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache

import codegym
from codegym.certificate import TaskCertificate
from codegym.episode import Outcome, Verdict
from codegym.errors import GradeError, SandboxError, TaskError, failure_of
from codegym.failure import Owner
from codegym.foundry.certify.condition import Condition, conditions
from codegym.foundry.certify.repeat import Repeated, Repeater
from codegym.foundry.certify.store import Certificate, Unfinished
from codegym.foundry.certify.weigh import Evidence, weigh
from codegym.foundry.certify.workspace import State, Workspace, workspaces
from codegym.grade.form.bank import remember_bank
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject, deciding_tests
from codegym.harness.result import TestRun
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.backend import backend as backend_named
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Backend, Tree
from codegym.suite import Suite
from codegym.task import Limits, Task
from codegym.tree import store_tree

_TRIES = 2
_TOOLS = """
for tool in python3 pytest cc node make; do
    command -v $tool >/dev/null && printf '%s\\t%s\\n' $tool "$($tool --version 2>&1 | head -n 1)"
done
"""
_TOGETHER = 16
"""At most so many tasks share boxes: a task that spoils one costs the others little."""


def certify(
    suite: Suite,
    backend_name: str = "bwrap",
    progress: Progress = silent,
    workers: int = 2,
    *,
    repeats: int = 3,
    tasks: Sequence[Task] | None = None,
) -> Certificate:
    """Run each of ``tasks`` (default: the suite's) ``repeats`` times in every state, first of all by the grader.

    ``workers`` groups of tasks are looked at side by side. What was settled before the same certification was
    stopped is not looked at again. Trouble with a box is retried once, then said; it never raises from here,
    but for a backend or an image that can't be had, a :class:`~codegym.errors.SandboxError`.
    """
    chosen = list(suite.tasks.values() if tasks is None else tasks)
    started = time.monotonic()
    tools = {image: versions(backend_name, image) for image in sorted({task.image for task in chosen})}
    unfinished = Unfinished(suite, chosen, backend_name, max(repeats, 1))
    found = unfinished.read(tools)
    resumed, left = len(found), [task for task in chosen if task.id not in found]
    progress(f"certifying {suite.name}", resumed, len(chosen))
    session = _Session(suite, backend_named(backend_name), backend_name, max(repeats, 1), tools)
    for certificate in session.run(_batches(left, workers), workers):
        found[certificate.task] = certificate
        unfinished.add(certificate)
        progress(f"certifying {suite.name}", len(found), len(chosen))
    unfinished.done()
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
        infra_errors=sum(not result.settled for result in results),
        resumed=resumed,
        seconds=round(time.monotonic() - started, 1),
        results=results,
    )


def _batches(tasks: Iterable[Task], workers: int) -> list[list[Task]]:
    """Divide tasks into lists that can share boxes: of one source, image and limits."""
    alike: dict[tuple[str, ...], list[Task]] = defaultdict(list)
    for task in tasks:
        alike[task.source.model_dump_json(), task.image, task.limits.model_dump_json()].append(task)
    batches: list[list[Task]] = []
    for group in alike.values():
        size = max(1, min(_TOGETHER, -(-len(group) // workers)))
        batches += [group[at : at + size] for at in range(0, len(group), size)]
    return batches


@dataclass(frozen=True)
class _Job:
    """A workspace, the tests to run in it, and the tasks that want to know."""

    workspace: Workspace
    tasks: list[Task]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(test for task in self.tasks for test in deciding_tests(task)))


@dataclass
class _Session:
    """One certification of many tasks. ``tools`` are the versions that a certificate names, by image."""

    suite: Suite
    backend: Backend
    backend_name: str
    repeats: int
    tools: Mapping[str, dict[str, str]]
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, batches: list[list[Task]], workers: int) -> Iterator[TaskCertificate]:
        with ThreadPoolExecutor(workers) as pool:
            running: list[Future[list[TaskCertificate]]] = [pool.submit(self._batch, batch) for batch in batches]
            try:
                for done in as_completed(running):
                    yield from done.result()
            finally:
                self.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _batch(self, tasks: list[Task]) -> list[TaskCertificate]:
        evidence = {task.id: self._graded(task) for task in tasks if not self.stopped.is_set()}
        if self.stopped.is_set():
            return []
        usable = [task for task in tasks if evidence[task.id].spaces]
        for condition in conditions(self.repeats - 1):
            self._repeat(usable, evidence, condition)
        return [self._weighed(task, evidence[task.id]) for task in tasks]

    def _weighed(self, task: Task, evidence: Evidence) -> TaskCertificate:
        said = weigh(task, evidence)
        kept = {"backend": self.backend_name, "repeats": self.repeats, "versions": self.tools[task.image]}
        return said.model_copy(update=kept)

    def _graded(self, task: Task) -> Evidence:
        evidence = Evidence()
        for state, patch in ((State.GOLD, task.gold_patch), (State.EMPTY, "")):
            verdict = evidence.verdicts[state] = self._verdict(task, patch, evidence)
            if verdict.outcome is Outcome.INFRA_ERROR:
                evidence.trouble = verdict.detail
        try:
            if not evidence.trouble:
                evidence.hold(workspaces(self.suite, task))
        except TaskError as error:
            evidence.verdicts[State.GOLD] = Verdict(outcome=Outcome.INVALID_PATCH, detail=str(error))
        return evidence

    def _verdict(self, task: Task, patch: str, evidence: Evidence) -> Verdict:
        """Grade a patch by a bank of forms that is made now, once for both patches.

        What is the task's own fault is a verdict, what is the machine's ``infra_error``.
        """
        trouble = ""
        for _ in range(_TRIES):
            try:
                if evidence.bank is None and task.gold_patch:
                    evidence.bank = prove(Subject(self.suite, task, self.backend))
                    remember_bank(evidence.bank.digest, evidence.bank)
                return grade(self.suite, task, patch, backend=self.backend, cache=None, bank=evidence.bank)
            except TaskError as error:
                return Verdict(outcome=Outcome.INVALID_PATCH, detail=str(error))
            except (GradeError, SandboxError) as error:
                trouble, failure = str(error), failure_of(error)
                if failure.owner is Owner.TASK:
                    return Verdict(outcome=Outcome.UNRESOLVED, detail=trouble, failure=failure)
        return Verdict(outcome=Outcome.INFRA_ERROR, detail=trouble)

    def _repeat(self, tasks: list[Task], evidence: Mapping[str, Evidence], condition: Condition) -> None:
        if not tasks or self.stopped.is_set():
            return
        first = tasks[0]
        source = evidence[first.id].spaces[State.GOLD].source
        with Repeater(self.backend, source, first.image, first.limits, condition) as repeater:
            for job in _jobs(tasks, evidence):
                for task, repeated in self._run(repeater, job, evidence):
                    evidence[task.id].add_run(job.workspace.key, task, repeated, shared=len(job.tasks) > 1)

    def _run(
        self, repeater: Repeater, job: _Job, evidence: Mapping[str, Evidence]
    ) -> Iterator[tuple[Task, Repeated]]:
        """Run a job, and again for each task alone that the run in company would speak against."""
        together = self._tried(repeater, job, evidence)
        for task in job.tasks:
            alone = len(job.tasks) == 1 or together.run.passed(deciding_tests(task))
            yield task, together if alone else self._tried(repeater, _Job(job.workspace, [task]), evidence)

    def _tried(self, repeater: Repeater, job: _Job, evidence: Mapping[str, Evidence]) -> Repeated:
        trouble = ""
        for _ in range(_TRIES):
            try:
                return repeater.run(job.workspace, job.tasks[0].tests, job.ids)
            except (GradeError, SandboxError) as error:
                trouble = str(error)
        for task in job.tasks:
            evidence[task.id].trouble = trouble
        return Repeated(TestRun(results={}, complete=False), None)


def _jobs(tasks: list[Task], evidence: Mapping[str, Evidence]) -> list[_Job]:
    """Return the runs that one condition needs: equal workspaces with equal commands are one."""
    jobs: dict[tuple[str, ...], _Job] = {}
    for task in tasks:
        for workspace in {space.key: space for space in evidence[task.id].spaces.values()}.values():
            job = jobs.setdefault((workspace.key, task.tests.framework, task.tests.command), _Job(workspace, []))
            job.tasks.append(task)
    return list(jobs.values())


@lru_cache(maxsize=16)
def versions(backend_name: str, image: str) -> dict[str, str]:
    """Return what a run depends on beside the task: codegym, the image, the tools in it, this machine."""
    nothing = store_tree({})
    with backend_named(backend_name).open(Tree((nothing,), nothing.name), image, Limits()) as box:
        said = box.exec(_TOOLS).stdout.splitlines()
    tools = {name: version.strip() for name, _, version in (line.partition("\t") for line in said) if version}
    machine = {"kernel": platform.release(), "cpus": str(os.cpu_count())}
    return {"codegym": codegym.__version__, "image": f"{image} {image_digest(image)[:16]}"} | tools | machine
