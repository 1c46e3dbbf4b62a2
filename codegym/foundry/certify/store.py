"""The certificates of a suite: their summary, the file that they are in, and how to resume after a stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from codegym.atomic import write_whole
from codegym.catalog import cache_dir
from codegym.certificate import TaskCertificate
from codegym.digest import digest_json
from codegym.grade.form.bank import keep_banks, remembered_bank
from codegym.suite import Suite, certificates_path, load_suite, read_certificates
from codegym.task import Frozen, Task


class Certificate(Frozen):
    """The result of certifying a suite: counts, and the certificates of its tasks in the suite's order.

    ``resumed`` certificates were made by an earlier certification that was stopped; ``seconds`` is without those.
    """

    suite: str
    suite_digest: str
    backend: str
    repeats: int
    tasks: int
    gold_resolved: int
    empty_resolved: int
    flaky: int
    infra_errors: int
    resumed: int
    seconds: float
    results: tuple[TaskCertificate, ...]

    @property
    def holds(self) -> bool:
        """Whether no task has an objection."""
        return not any(result.why for result in self.results)


def keep_certificates(suite: Suite, certificates: Iterable[TaskCertificate]) -> Path:
    """Write ``certificates`` beside the suite, in place of older ones of the same tasks, and return the file.

    The banks of forms that they name are written beside them. Certificates that a failure of the machine left
    unsettled are not written. From then on :func:`~codegym.suite.load_suite` leaves out tasks that they refuse.
    """
    settled = {certificate.task: certificate for certificate in certificates if certificate.settled}
    by_task = read_certificates(suite) | settled
    path = certificates_path(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        by_task[task].model_dump_json(exclude_defaults=True) + "\n" for task in suite.tasks if task in by_task
    ]
    write_whole(path, "".join(lines))
    banks = {task: remembered_bank(certificate.bank) for task, certificate in settled.items() if certificate.bank}
    keep_banks(suite, {task: bank for task, bank in banks.items() if bank is not None})
    load_suite.cache_clear()
    return path


class Unfinished:
    """The certificates of a certification that has not ended, in a file of the cache, one per line.

    A certification with the same tasks, backend and repeats finds the certificates that are settled already.
    """

    def __init__(self, suite: Suite, tasks: Sequence[Task], backend: str, repeats: int) -> None:
        key = digest_json([suite.env_id, backend, repeats, [task.digest for task in tasks]])
        self.path = cache_dir() / "certificates" / "unfinished" / f"{suite.name}-{key[:16]}.jsonl"
        self._tasks = {task.id: task for task in tasks}

    def read(self, versions: Mapping[str, Mapping[str, str]]) -> dict[str, TaskCertificate]:
        """Map each task to its certificate in the file, if that names the ``versions`` of the task's image."""
        certificates: dict[str, TaskCertificate] = {}
        for line in self.path.read_bytes().splitlines() if self.path.is_file() else ():
            try:
                certificate = TaskCertificate.model_validate_json(line)
            except ValidationError:
                continue  # the line that was being written when the machine stopped
            task = self._tasks.get(certificate.task)
            if task and task.digest == certificate.digest and certificate.versions == versions[task.image]:
                certificates[task.id] = certificate
        return certificates

    def add(self, certificate: TaskCertificate) -> None:
        """Write one certificate, unless a failure of the machine left it unsettled."""
        if certificate.settled:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(certificate.model_dump_json(exclude_defaults=True) + "\n")

    def delete(self) -> None:
        """Delete the file, since the certification has ended."""
        self.path.unlink(missing_ok=True)
