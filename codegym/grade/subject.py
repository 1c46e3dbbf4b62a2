"""What is graded, and the one way to run its tests: in a fresh box, on the pristine tree, changes laid over it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pydantic import ValidationError

from codegym.failure import Failure, FailureKind
from codegym.grade.ahead import Ahead, Ready
from codegym.grade.control import Examiner, Execute, Files
from codegym.grade.protected import is_protected
from codegym.grade.sabotage_text import SUFFIXES
from codegym.harness.cache import ResultCache, may_be_kept, run_key, workspace_digest
from codegym.harness.codes import codes_of
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.patch import PatchError, apply_patch
from codegym.sandbox.image import image_digest
from codegym.sandbox.protocol import Backend, Changes, File, Sandbox
from codegym.suite import Suite
from codegym.task import Task
from codegym.tree import read_tree

_FULL = "No space left on device"


class CannotLay(Exception):  # noqa: N818 - not an error of ours: a patch asks for what no file system allows
    """Raised where a patch's files can't be written over the tree."""

    failure: Failure | None = None


@dataclass(frozen=True)
class Subject:
    """One task of a suite, and where its tests are run."""

    suite: Suite
    task: Task
    backend: Backend

    @cached_property
    def hidden(self) -> Files:
        """The files that are laid over the tree last."""
        return self.suite.hidden(self.task)

    def key(self, changes: Changes, *, purpose: str, ids: tuple[str, ...] | None = None) -> str:
        """Return the key of a run on the tree with ``changes``; ``ids`` are the deciding ones unless given."""
        digest = workspace_digest(self.suite.tree(self.task).digest, changes)
        plan, image = self.task.tests, self.task.image
        return run_key(digest, plan, ids or named(self.task), image, image_digest(image), purpose=purpose)

    def open(self) -> Sandbox:
        """Open a fresh box on the pristine tree."""
        return self.backend.open(self.suite.tree(self.task), self.task.image, self.task.limits)

    def execute(
        self,
        changes: Changes,
        ids: tuple[str, ...],
        ready: Ready | None = None,
        then: Callable[[TestRun], None] = lambda _: None,
    ) -> TestRun:
        """Run ``ids`` in a fresh box, or the one that is ``ready``; ``then`` is told before the box is closed.

        Raises :class:`CannotLay`, or if the box fails.
        """
        task, tree = self.task, self.suite.tree(self.task)
        ready = ready or Ready(self.open())
        with ready.box as box:
            try:
                _lay(box, changes)
            except OSError as error:
                raise _cannot(error) from error
            codes = codes_of(tree, changes, image_digest(task.image), purpose="grade")
            limit = task.limits.grade_seconds
            run = run_tests(box, task.tests, ids, timeout=limit, prepared=ready.waits, codes=codes)
            then(run)
            return run

    def gold_changes(self) -> Changes | None:
        """Return what the task's own solution changes; ``None`` if it has none, or one that does not apply."""
        if not self.task.gold_patch:
            return None
        try:
            changes = apply_patch(self.task.gold_patch, lambda path: self.suite.base_file(self.task, path))
        except PatchError:
            return None
        return {p: f for p, f in changes.items() if not is_protected(p, self.task.tests, self.hidden)}

    def reference(self, gold: Changes, cache: ResultCache | None) -> Execute:
        """Return what runs tests with the task's own solution; whole runs are remembered."""

        def run(files: Changes, ids: tuple[str, ...]) -> TestRun:
            changes = {**gold, **self.hidden, **files}
            if cache is None:
                return self.execute(changes, ids)
            key = self.key(changes, purpose="gold", ids=ids)
            known = _known(cache, key)
            if known is not None:
                return known
            done = self.execute(changes, ids)
            if may_be_kept(done):
                cache.put(key, done.model_dump(mode="json", exclude={"seconds", "cached"}))
            return done

        return run

    def examiner(self, changes: Changes, reference: Execute | None, ahead: Ahead) -> Examiner:
        """Return who puts tests that passed with ``changes`` to the proof."""

        def candidate(files: Changes, ids: tuple[str, ...]) -> TestRun:
            return self.execute({**changes, **files}, ids, ahead.take())

        return Examiner(self.task, self._test_files, candidate, reference)

    def _test_files(self, path: str | None) -> Files:
        """Return one test file by its path, or all that may hold checks in a language without a parser."""
        if path is not None:
            file = self.hidden.get(path) or self.suite.base_file(self.task, path)
            return {} if file is None or file.link is not None else {path: file}
        found = self.hidden or {
            path: file
            for layer in reversed(self.suite.tree(self.task).layers)
            for path, file in read_tree(layer).items()
            if is_protected(path, self.task.tests)
        }
        kept = {p: f for p, f in found.items() if f.link is None and "." + p.rpartition(".")[2] in SUFFIXES}
        return dict(sorted(kept.items()))


def named(task: Task) -> tuple[str, ...]:
    """Return the tests that decide about a task, each once."""
    return tuple(dict.fromkeys((*task.tests.fail_to_pass, *task.tests.pass_to_pass)))


def kind_of(run: TestRun) -> FailureKind | None:
    """Return what failed in a run that came to no orderly end; ``None`` for one that did."""
    if run.oom:
        return FailureKind.MEMORY
    if run.timed_out:
        return FailureKind.TEST_TIMEOUT if run.started else FailureKind.SETUP_TIMEOUT
    if _FULL in run.output or any(_FULL in why for why in run.failures.values()):
        return FailureKind.DISK
    if run.complete:
        return None
    return FailureKind.UNREADABLE if run.started else FailureKind.NOT_STARTED


def _known(cache: ResultCache, key: str) -> TestRun | None:
    entry = cache.get(key)
    try:
        return None if entry is None else TestRun(**entry, cached=True)
    except (ValidationError, TypeError):
        return None


def _cannot(error: OSError) -> CannotLay:
    trouble = CannotLay(str(error))
    trouble.failure = Failure(FailureKind.DISK) if error.errno == errno.ENOSPC else None
    return trouble


def _lay(box: Sandbox, changes: Changes) -> None:
    for path, file in changes.items():
        if file is None:
            box.remove(path)
    for path, file in changes.items():
        if file is not None:
            _write(box, path, file)


def _write(box: Sandbox, path: str, file: File) -> None:
    if file.link is None:
        box.write(path, file.content, executable=file.executable)
        return
    folder = path.rpartition("/")[0]
    script = 'mkdir -p "./$1" && { rmdir "./$3" 2>/dev/null; ln -sfnT -- "$2" "./$3"; }'
    made = box.exec(["sh", "-c", script, "sh", folder, file.link, path])
    if made.exit_code:
        raise CannotLay(f"the link {path!r} could not be made in the box: {made.stderr.strip()}")
