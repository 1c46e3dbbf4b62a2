"""Certifies the tasks of any suite: the gold patch resolves each, the empty patch does not, and it never varies.

The real grader grades both patches once, in fresh boxes and without the cache of results. Then the tests are
repeated in every state of a task under different conditions (:mod:`condition`). Tasks of one source share their
boxes, and a run that is the same for several tasks is done once.
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
from codegym.foundry.certify.memoriser import changed_functions, memoriser_patch
from codegym.foundry.certify.repeat import RepeatedRun, Repeater
from codegym.foundry.certify.store import Certificate, Unfinished
from codegym.foundry.certify.weigh import Evidence, weigh
from codegym.foundry.certify.workspace import State, Workspace, workspaces
from codegym.foundry.stoppable import StoppableBackend
from codegym.grade.form.bank import remember_bank
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.harness.result import TestRun
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.backend import backend as backend_named
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Tree
from codegym.suite import Suite
from codegym.task import Limits, Task
from codegym.tree import store_tree

_TRIES = 2
"""Attempts at a run in which the box or the grader fails."""
_TOOLS = """
for tool in python3 pytest cc node make; do
    command -v $tool >/dev/null && printf '%s\\t%s\\n' $tool "$($tool --version 2>&1 | head -n 1)"
done
"""
_TOGETHER = 16
"""Tasks that share a box at most: a task that spoils its box then costs few others a new one."""


def certify(
    suite: Suite,
    backend_name: str = "bwrap",
    progress: Progress = silent,
    workers: int = 2,
    *,
    repeats: int = 3,
    tasks: Sequence[Task] | None = None,
) -> Certificate:
    """Run each of ``tasks`` (default: the whole suite) ``repeats`` times in every state, the grader's run
    included.

    ``workers`` groups of tasks are run at a time. Tasks that were settled before the same certification was
    stopped are not run again. If a box fails, its run is tried once more; then the certificate names the failure.
    Raises :class:`~codegym.errors.SandboxError` only if the backend or an image is not available.
    """
    chosen = list(suite.tasks.values() if tasks is None else tasks)
    started = time.monotonic()
    tools = {image: versions(backend_name, image) for image in sorted({task.image for task in chosen})}
    unfinished = Unfinished(suite, chosen, backend_name, max(repeats, 1))
    settled = unfinished.read(tools)
    resumed, left = len(settled), [task for task in chosen if task.id not in settled]
    progress(f"certifying {suite.name}", resumed, len(chosen))
    boxes = StoppableBackend(backend_named(backend_name))
    certification = _Certification(suite, boxes, backend_name, max(repeats, 1), tools)
    try:
        for certificate in certification.run(_batches(left, workers), workers):
            settled[certificate.task] = certificate
            unfinished.add(certificate)
            progress(f"certifying {suite.name}", len(settled), len(chosen))
    except KeyboardInterrupt:
        certification.stop()
        raise
    unfinished.delete()
    results = tuple(settled[task.id] for task in chosen)
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
    """Divide tasks into lists that can share boxes: with the same source, image and limits."""
    alike: dict[tuple[str, ...], list[Task]] = defaultdict(list)
    for task in tasks:
        alike[task.source.model_dump_json(), task.image, task.limits.model_dump_json()].append(task)
    batches: list[list[Task]] = []
    for group in alike.values():
        size = max(1, min(_TOGETHER, -(-len(group) // workers)))
        batches += [group[at : at + size] for at in range(0, len(group), size)]
    return batches


@dataclass(frozen=True)
class _SharedRun:
    """One run of tests in one workspace, for all the tasks that need it."""

    workspace: Workspace
    tasks: list[Task]

    @property
    def ids(self) -> tuple[str, ...]:
        """The tests of all tasks, without duplicates."""
        return tuple(dict.fromkeys(test for task in self.tasks for test in task.tests.deciding))


@dataclass
class _Certification:
    """One certification of many tasks. ``tools`` maps each image to the versions that its certificates name."""

    suite: Suite
    backend: StoppableBackend
    backend_name: str
    repeats: int
    tools: Mapping[str, dict[str, str]]
    stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """End the threads soon: their boxes are closed, and no further one is opened."""
        self.stopped.set()
        self.backend.stop()

    def run(self, batches: list[list[Task]], workers: int) -> Iterator[TaskCertificate]:
        with ThreadPoolExecutor(workers) as pool:
            running: list[Future[list[TaskCertificate]]] = [
                pool.submit(self._certify_batch, batch) for batch in batches
            ]
            try:
                for done in as_completed(running):
                    yield from done.result()
            except KeyboardInterrupt:
                self.stop()
                raise
            finally:
                self.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _certify_batch(self, tasks: list[Task]) -> list[TaskCertificate]:
        evidence = {task.id: self._grade_both(task) for task in tasks if not self.stopped.is_set()}
        if self.stopped.is_set():
            return []
        usable = [task for task in tasks if evidence[task.id].spaces]
        for condition in conditions(self.repeats - 1):
            self._repeat(usable, evidence, condition)
        return [self._certificate(task, evidence[task.id]) for task in tasks]

    def _certificate(self, task: Task, evidence: Evidence) -> TaskCertificate:
        run = {"backend": self.backend_name, "repeats": self.repeats, "versions": self.tools[task.image]}
        return weigh(task, evidence).model_copy(update=run)

    def _grade_both(self, task: Task) -> Evidence:
        """Return the grader's verdicts on the gold and the empty patch, and the workspaces of all states."""
        evidence = Evidence()
        for state, patch in ((State.GOLD, task.gold_patch), (State.EMPTY, "")):
            verdict = evidence.verdicts[state] = self._verdict(task, patch, evidence)
            if verdict.outcome is Outcome.INFRA_ERROR:
                evidence.trouble = verdict.detail
        try:
            if not evidence.trouble:
                evidence.add_workspaces(workspaces(self.suite, task))
                self._play_memoriser(task, evidence)
        except TaskError as error:
            evidence.verdicts[State.GOLD] = Verdict(outcome=Outcome.INVALID_PATCH, detail=str(error))
        return evidence

    def _play_memoriser(self, task: Task, evidence: Evidence) -> None:
        """Grade a cheat that remembers the calls of the visible tests, if the task has hidden ones."""
        if evidence.verdicts[State.GOLD].outcome is not Outcome.RESOLVED or not changed_functions(task):
            return
        try:
            patch = memoriser_patch(Subject(self.suite, task, self.backend))
        except SandboxError as error:
            evidence.trouble = str(error)
            return
        if patch:
            evidence.memoriser = verdict = self._verdict(task, patch, evidence)
            evidence.trouble = verdict.detail if verdict.outcome is Outcome.INFRA_ERROR else ""

    def _verdict(self, task: Task, patch: str, evidence: Evidence) -> Verdict:
        """Grade a patch by a bank of forms, which is made once for both patches.

        A failure that is the task's fault gives a verdict; one of the machine gives ``infra_error``.
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
        """Run the tests of every state of ``tasks`` once under ``condition``, and add the runs to the evidence."""
        if not tasks or self.stopped.is_set():
            return
        first = tasks[0]
        source = evidence[first.id].spaces[State.GOLD].source
        with Repeater(self.backend, source, first.image, first.limits, condition) as repeater:
            for shared in _shared_runs(tasks, evidence):
                for task, repeated in self._run(repeater, shared, evidence):
                    evidence[task.id].add_run(shared.workspace.key, task, repeated, shared=len(shared.tasks) > 1)

    def _run(
        self, repeater: Repeater, shared: _SharedRun, evidence: Mapping[str, Evidence]
    ) -> Iterator[tuple[Task, RepeatedRun]]:
        """Run the tests of all tasks together, then those of each task with a failed test alone."""
        together = self._try_run(repeater, shared, evidence)
        for task in shared.tasks:
            if len(shared.tasks) == 1 or together.run.passed(task.tests.deciding):
                yield task, together
            else:
                yield task, self._try_run(repeater, _SharedRun(shared.workspace, [task]), evidence)

    def _try_run(self, repeater: Repeater, shared: _SharedRun, evidence: Mapping[str, Evidence]) -> RepeatedRun:
        """Run the tests, and once more if the box fails. A failure is written to the evidence of all tasks."""
        trouble = ""
        for _ in range(_TRIES):
            try:
                return repeater.run(shared.workspace, shared.tasks[0].tests, shared.ids)
            except (GradeError, SandboxError) as error:
                trouble = str(error)
        for task in shared.tasks:
            evidence[task.id].trouble = trouble
        return RepeatedRun(TestRun(results={}, complete=False), None)


def _shared_runs(tasks: list[Task], evidence: Mapping[str, Evidence]) -> list[_SharedRun]:
    """Return the runs that one condition needs: one for all equal workspaces with the same command."""
    runs: dict[tuple[str, ...], _SharedRun] = {}
    for task in tasks:
        for workspace in {space.key: space for space in evidence[task.id].spaces.values()}.values():
            shared = runs.setdefault(
                (workspace.key, task.tests.framework, task.tests.command), _SharedRun(workspace, [])
            )
            shared.tasks.append(task)
    return list(runs.values())


@lru_cache(maxsize=16)
def versions(backend_name: str, image: str) -> dict[str, str]:
    """Return the versions that a run depends on: of codegym, the image, the tools in it, and this machine."""
    nothing = store_tree({})
    with backend_named(backend_name).open(Tree((nothing,), nothing.name), image, Limits()) as box:
        lines = box.exec(_TOOLS).stdout.splitlines()
    tools = {name: version.strip() for name, _, version in (line.partition("\t") for line in lines) if version}
    machine = {"kernel": platform.release(), "cpus": str(os.cpu_count())}
    return {"codegym": codegym.__version__, "image": f"{image} {image_digest(image)[:16]}"} | tools | machine
