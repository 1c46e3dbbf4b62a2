"""A suite in the making: the tasks so far, their certificates, and what became of every operator's drafts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from codegym.certificate import TaskCertificate, without_tests
from codegym.foundry.certify.certify import certify
from codegym.foundry.certify.store import Certificate
from codegym.foundry.draft.in_threads import TrialCounts
from codegym.foundry.draft.try_drafts import TriedDraft
from codegym.foundry.draft.variety import Variety
from codegym.foundry.forge.anchor import Anchors
from codegym.foundry.forge.chain import ChainPart
from codegym.foundry.forge.options import ForgeOptions
from codegym.foundry.forge.report import OperatorYield
from codegym.foundry.forge.write import draft_suite
from codegym.progress.protocol import Progress
from codegym.suite import Manifest, Suite
from codegym.task import Task


@dataclass
class SuiteWork:
    """A suite that is being made in the folder ``root``: its tasks, their drafts and their certificates.

    ``tasks`` and ``certificates`` are by task id. ``drafts`` holds the draft of each task that was made from one;
    tasks from history have none. ``counts`` are by operator.
    """

    root: Path
    manifest: Manifest
    anchors: Anchors
    tasks: dict[str, Task] = field(default_factory=dict)
    drafts: dict[str, TriedDraft] = field(default_factory=dict)
    counts: dict[str, TrialCounts] = field(default_factory=dict)
    certificates: dict[str, TaskCertificate] = field(default_factory=dict)
    variety: Variety = field(default_factory=Variety)
    certify_seconds: float = 0.0

    def add(self, task: Task, draft: TriedDraft | None = None) -> None:
        """Add a task, in place of an earlier one with its id."""
        self.tasks[task.id] = task
        self.drafts.pop(task.id, None)
        if draft is not None:
            self.drafts[task.id] = draft

    def remove_operator(self, operator: str) -> None:
        """Remove the tasks that ``operator`` made, and forget that others may not be like them."""
        self.variety = Variety()
        self.tasks = {name: task for name, task in self.tasks.items() if task.metadata["origin"] != operator}

    def certify(self, options: ForgeOptions, progress: Progress) -> None:
        """Certify the tasks that have no certificate yet.

        A task with flaky tests loses those tests and is certified once more.
        """
        for _ in range(2):
            tasks = [task for name, task in self.tasks.items() if name not in self.certificates]
            if not tasks:
                return
            result = certify(
                self.suite(tasks), options.backend, progress, options.workers, repeats=options.repeats
            )
            self._record(result)

    def _record(self, result: Certificate) -> None:
        self.certify_seconds += result.seconds
        for certificate in result.results:
            task = self.tasks[certificate.task]
            if certificate.flaky and not certificate.refused and not task.metadata.get("quarantined"):
                self.tasks[task.id] = without_tests(task, certificate.quarantined)
            else:
                self.certificates[task.id] = certificate

    def is_certified(self, task: Task) -> bool:
        """Return whether a task has a certificate without objection, for the task as it is now."""
        certificate = self.certificates.get(task.id)
        return certificate is not None and not certificate.why and certificate.digest == task.digest

    def suite(self, tasks: Iterable[Task] | None = None) -> Suite:
        """Return the suite of ``tasks``, or of all certified tasks. Its trees are written below ``root``."""
        chosen = filter(self.is_certified, self.tasks.values()) if tasks is None else tasks
        return draft_suite(self.root, self.manifest, chosen, self.anchors.trees)

    def chain_parts(self) -> list[ChainPart]:
        """Return the certified tasks that may be part of a chain: those made from a draft with one mutation."""
        certified = [task for task in self.tasks.values() if task.id in self.drafts and self.is_certified(task)]
        tried = [(task, self.drafts[task.id]) for task in certified]
        parts = [ChainPart(task, draft.draft, draft.trial.hidden) for task, draft in tried]
        return [part for part in parts if part.draft.operator != "combined"]

    def yields(self) -> dict[str, OperatorYield]:
        """Return what became of the drafts of each operator."""
        return {operator: self._yield(operator, counts) for operator, counts in self.counts.items()}

    def _yield(self, operator: str, counts: TrialCounts) -> OperatorYield:
        own_tasks = [task for task in self.tasks.values() if task.metadata["origin"] == operator]
        certified = [task for task in own_tasks if self.is_certified(task)]
        refused = dict(counts.refused)
        for task in own_tasks:
            if task not in certified:
                why = "not certified: " + self.certificates[task.id].why.partition(":")[0]
                refused[why] = refused.get(why, 0) + 1
        return OperatorYield(
            tried=counts.tried,
            made=len(own_tasks),
            certified=len(certified),
            refused=refused,
            seconds=round(counts.seconds, 1),
        )
