"""A suite's certificates as a whole: what they add up to, keeping them, and going on after a stop."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from codegym.catalog import cache_dir
from codegym.certificate import TaskCertificate
from codegym.digest import digest_json
from codegym.grade.form.bank import keep_banks, remembered_bank
from codegym.suite import Suite, certificates_path, load_suite, read_certificates
from codegym.task import Frozen, Task


class Certificate(Frozen):
    """What was seen of a suite: counts, and every task's own certificate in the suite's order.

    ``resumed`` of them were made before an earlier certification was stopped; ``seconds`` does not count those.
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
        """Whether every task is as it should be."""
        return not any(result.why for result in self.results)


def keep_certificates(suite: Suite, certificates: Iterable[TaskCertificate]) -> Path:
    """Write ``certificates`` beside the suite, with those of other tasks that are there, and return the file.

    The banks of forms that they name are written beside them.

    What the machine could not settle is left out. From now on :func:`~codegym.suite.load_suite` heeds them.
    """
    settled = {certificate.task: certificate for certificate in certificates if certificate.settled}
    known = read_certificates(suite) | settled
    path = certificates_path(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    lines = [known[task].model_dump_json(exclude_defaults=True) + "\n" for task in suite.tasks if task in known]
    draft.write_text("".join(lines))
    draft.replace(path)
    banks = {task: remembered_bank(certificate.bank) for task, certificate in settled.items() if certificate.bank}
    keep_banks(suite, {task: bank for task, bank in banks.items() if bank is not None})
    load_suite.cache_clear()
    return path


class Unfinished:
    """Certificates of a certification that has not come to its end, in the cache, a line each.

    The same question (tasks, backend, repeats) asked again finds what was settled before it was stopped.
    """

    def __init__(self, suite: Suite, tasks: Sequence[Task], backend: str, repeats: int) -> None:
        key = digest_json([suite.env_id, backend, repeats, [task.digest for task in tasks]])
        self.path = cache_dir() / "certificates" / "unfinished" / f"{suite.name}-{key[:16]}.jsonl"
        self._tasks = {task.id: task for task in tasks}

    def read(self, versions: Mapping[str, Mapping[str, str]]) -> dict[str, TaskCertificate]:
        """Return what is there, by task; ``versions``, by image, are those that a certificate has to name."""
        found: dict[str, TaskCertificate] = {}
        for line in self.path.read_bytes().splitlines() if self.path.is_file() else ():
            try:
                certificate = TaskCertificate.model_validate_json(line)
            except ValidationError:
                continue  # the line that was being written when the machine stopped
            task = self._tasks.get(certificate.task)
            if task and task.digest == certificate.digest and certificate.versions == versions[task.image]:
                found[task.id] = certificate
        return found

    def add(self, certificate: TaskCertificate) -> None:
        """Keep one certificate, unless the machine could not settle it."""
        if certificate.settled:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(certificate.model_dump_json(exclude_defaults=True) + "\n")

    def done(self) -> None:
        """Forget them: the certification came to its end."""
        self.path.unlink(missing_ok=True)
