"""Runs forms under gold, and keeps those that make tests fail.

What a form does is not guessed: the tests are run with it, with the gold patch in place. A form that makes tests
fail is kept, with the list of these tests, if the run ended in order. Tasks with the same tree under gold share
the results, so that the same form is not run again for the next task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from random import Random

from codegym.digest import digest_bytes, digest_json
from codegym.episode import TestStatus
from codegym.grade.form.bank import Bank, Form
from codegym.grade.form.edit import Edit, Edits, apply_edits
from codegym.grade.form.proposal import Proposal
from codegym.grade.room import Room
from codegym.grade.subject import Subject
from codegym.harness.cache import workspace_digest
from codegym.harness.result import TestRun
from codegym.sandbox.protocol import Changes, File, Tree
from codegym.source import source_tree
from codegym.tree import file_at, read_tree

Results = dict[tuple[str, str, Edits], dict[str, bool]]
"""Maps the edits of a file, by its path and digest, to the tests that were run with them: true if they failed."""

_MOST_GUARDS = 60
"""Pass-to-pass tests for which forms are made: an exam examines few of them, and each takes runs to prove."""


class Trials:
    """The forms of one task that were run under gold so far, and the box in which further forms are run.

    ``bank`` has no places yet; its bases are in every run. ``passing`` are the tests that pass under gold. A task
    may have hundreds of pass-to-pass tests: forms are made for ``core``, the fail-to-pass tests, and for some of
    the others; all these are ``examined``. ``limit`` is the time that one run may take, in seconds.
    """

    def __init__(self, subject: Subject, room: Room, bank: Bank, passing: frozenset[str], limit: float) -> None:
        self.subject, self.room, self.bank, self.passing, self.limit = subject, room, bank, passing, limit
        self.files = test_files(subject)
        self.kept_forms: dict[Proposal, list[Form]] = {}
        self.shared_results = _shared_results(_gold_key(subject))
        self.core = passing.intersection(subject.task.tests.fail_to_pass)
        guards = sorted(passing - self.core)
        chance = Random(bank.key)  # noqa: S311 - the same tests every time
        self.examined = self.core.union(chance.sample(guards, min(_MOST_GUARDS, len(guards))))
        self._numbers = {test: number for number, test in enumerate(bank.tests)}

    def run(self, edits: Sequence[tuple[str, Edits]], ids: tuple[str, ...]) -> TestRun:
        """Run the tests ``ids`` with ``edits``, each given with the path of its file."""
        by_path: dict[str, list[Edit]] = {path: list(base) for path, base in self.bank.bases.items()}
        for path, file_edits in edits:
            by_path.setdefault(path, []).extend(file_edits)
        files = {path: edit_file(self.files[path], file_edits) for path, file_edits in by_path.items()}
        return self.room.run(files, ids, self.limit, self.bank.aliases)

    def shared_result(self, path: str, edits: Edits) -> dict[str, bool]:
        """Return the results of tests with ``edits`` of a file, to be filled: true for a test that failed."""
        content = self.files[path].content if path in self.files else b""
        return self.shared_results.setdefault((path, digest_bytes(content), edits), {})

    def failed_tests(self, run: TestRun) -> frozenset[str]:
        """Return the tests that failed in ``run``.

        In C and JavaScript an erroneous test has not failed: its whole file did not build or load.
        """
        statuses = (TestStatus.FAILED, TestStatus.ERROR) if self.is_pytest else (TestStatus.FAILED,)
        return tests_with_status(run, *statuses)

    @property
    def is_pytest(self) -> bool:
        """Return whether pytest runs the tests of the task."""
        return self.subject.task.tests.framework == "pytest"

    def keep(self, proposal: Proposal, edits: Edits, failed: Iterable[str]) -> None:
        """Keep ``edits`` as a form of ``proposal`` that makes ``failed`` fail; do nothing if that is empty."""
        fails = tuple(sorted(self._numbers[test] for test in failed))
        if fails:
            self.kept_forms.setdefault(proposal, []).append(Form(edits=edits, fails=fails))

    def kept_tests(self, proposal: Proposal) -> set[str]:
        """Return the tests that the kept forms of ``proposal`` make fail."""
        return {self.bank.tests[number] for form in self.kept_forms[proposal] for number in form.fails}

    def tests_below(self, count: int) -> list[str]:
        """Return the examined tests that the kept forms of fewer than ``count`` places make fail."""
        places = [self.kept_tests(proposal) for proposal in self.kept_forms]
        return [test for test in self.examined if sum(test in place for place in places) < count]


def test_files(subject: Subject) -> dict[str, File]:
    """Return the files that forms may change, by path: those of deciding tests, and their helpers."""
    return {**subject.deciding_files, **subject.helper_files}


def edit_file(file: File, edits: Iterable[Edit]) -> File:
    """Return ``file`` after ``edits``."""
    return replace(file, content=apply_edits(file.content, edits))


def tests_with_status(run: TestRun, *statuses: TestStatus) -> frozenset[str]:
    """Return the tests whose result in ``run`` is one of ``statuses``."""
    return frozenset(test for test, status in run.results.items() if status in statuses)


@lru_cache(maxsize=8)
def _shared_results(_gold_key: str) -> Results:
    """Return the results that all tasks with one gold key share: an empty dictionary at first, to be filled."""
    return {}


def _gold_key(subject: Subject) -> str:
    """Return the digest of the files that are in the box under gold, and of how tests are run there."""
    suite, task = subject.suite, subject.task
    base = source_tree(task.source, suite.root)
    changed = _changes_of_setup(base, suite.tree(task)) | {**(subject.gold or {}), **subject.hidden}
    own = {path for path in _own_test_files(subject) if file_at(base, path) is None}
    differing = {p: file for p, file in changed.items() if p not in own and file != file_at(base, p)}
    digest = workspace_digest(base.name, dict(sorted(differing.items())))
    return digest_json([digest, task.image, task.tests.framework, task.tests.command, subject.backend.name])


def _changes_of_setup(base: Path, tree: Tree) -> Changes:
    """Return how the agent's tree differs from the folder ``base``, its source."""
    layers = [layer for layer in tree.layers if layer != base]
    changed: Changes = {path: file for layer in reversed(layers) for path, file in read_tree(layer).items()}
    removed = {*read_tree(base)} - {*changed} if base not in tree.layers else set()
    return changed | dict.fromkeys(removed)


def _own_test_files(subject: Subject) -> frozenset[str]:
    """Return the hidden files of deciding tests. Results of other tests do not depend on those that are new."""
    return frozenset(subject.hidden).intersection(subject.deciding_files)
