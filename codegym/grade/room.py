"""A box in which tests are run in one form after the other, each in a process and on a workspace of its own.

pytest is started once, before any code of the agent's is there, and forks for each form. Between two forms
every process of the one before is gone, the workspace is laid anew from outside, and ``/tmp`` is emptied, so
that no form finds a trace of another. Without services in its boxes a backend starts pytest each time.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType

from codegym.failure import Failure, FailureKind
from codegym.grade.subject import Subject
from codegym.harness.codes import Codes, codes_of
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.harness.warm import prepare
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.lay import lay_files
from codegym.sandbox.protocol import Changes, File, Sandbox, Snapshot, Spawns

_SWEEP = r"""
sweep() {
    [ -d "$1" ] && [ ! -L "$1" ] && chmod 1777 "$1" || exit 1
    for f in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        [ "$f" != /tmp/.codegym-warm ] || continue
        [ -e "$f" ] || [ -L "$f" ] || continue
        [ -L "$f" ] || chmod -R u+rwX "$f" 2>/dev/null
        rm -rf "$f" || exit 1
    done
}
sweep /tmp; sweep /dev/shm; mkdir /tmp/home
[ ! -L /tmp/.codegym-warm ] && chmod 755 /tmp/.codegym-warm && cd /tmp/.codegym-warm || exit 1
for f in * .[!.]* ..?*; do
    case "$f" in in | out | '*' | '.[!.]*' | '..?*') ;; *) chmod -R u+rwX "./$f"; rm -rf "./$f" || exit 1 ;; esac
done
[ "$(stat -c %i in)-$(stat -c %i out)" = "$2-$3" ] && read -r _ _ state _ <"/proc/$1/stat" || exit 1
[ "$state" != Z ] && chmod 644 in out && echo "$1" >pid || exit 1
exec python3 -I -S -c '
import os
for path in ("/tmp", "/dev/shm", ".", "in", "out"):
    try:
        names = os.listxattr(path)
    except OSError:
        names = []
    for name in names:
        os.removexattr(path, name)
    os.utime(path)
'
"""
"""Empties what processes share beside the workspace, but for the pipes of the pytest that waits.

Fails if that is gone, or its pipes are not those that it made. What stays is cleared of its modes, times and
attributes, in which a process could leave notes.
"""
_WHO = "cd /tmp/.codegym-warm && cat pid && stat -c %i in out"
"""Prints what a sweep is given: the id of the process that waits, and the numbers of its pipes."""


_LEAST_SECONDS = 1.0
_MOST_TIMES = 2
"""All runs in a room together may take so many times what one may."""


class CannotLay(Exception):  # noqa: N818 - not an error of ours: a patch asks for what no file system allows
    """Raised where a patch's files can't be written over the tree."""

    failure: Failure | None = None


class Room:
    """A context: a box on the task's tree with ``changes`` laid over it.

    Raises :class:`CannotLay` on entry if they can't be laid, and what a backend raises.
    """

    def __init__(self, subject: Subject, changes: Changes) -> None:
        self._subject, self._changes = subject, changes
        self._pytest = subject.task.tests.framework == "pytest"
        self._used = False
        self._waits = False
        self._server: list[str] = []
        self.runs = 0
        self._left = _MOST_TIMES * subject.task.limits.grade_seconds

    def __enter__(self) -> Room:
        self._box: Sandbox = self._subject.open()
        try:
            if self._pytest:
                self._waits = prepare(self._box)
                self._server = self._box.exec(_WHO, cwd="/").stdout.split() if self._waits else []
            try:
                lay_files(self._box, self._changes)
            except OSError as error:
                raise _cannot(error) from error
            self._start: Snapshot = self._box.snapshot()
        except BaseException:
            self._box.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._box.close()

    def run(
        self,
        files: Mapping[str, File],
        ids: tuple[str, ...],
        timeout: float | None = None,
        names: Mapping[str, str] | None = None,
    ) -> TestRun:
        """Run ``ids`` with ``files`` laid over the workspace, which nothing that ran here before has touched.

        Without a ``timeout`` it may take what a grade may, or what is left of that for all runs. ``names`` are
        what tests are called in ``files``, if not by their ids.
        """
        task = self._subject.task
        if self._used:
            self._refresh()
        self._used = True
        self.runs += 1
        for path, file in files.items():
            self._box.write(path, file.content, executable=file.executable)
        limit = timeout or max(_LEAST_SECONDS, min(task.limits.grade_seconds, self._left))
        asked = tuple((names or {}).get(test, test) for test in ids)
        run = run_tests(self._box, task.tests, asked, timeout=limit, prepared=self._waits, codes=self._codes)
        run = _renamed(run, dict(zip(asked, ids, strict=True)))
        self._left -= 0.0 if timeout else run.seconds
        return run

    @cached_property
    def _codes(self) -> Codes:
        """The compiled modules that a run may start from: none of a test file.

        They are compiled once, from the form that a first run had. Whether a later run is handed them would say
        whether it has that form too.
        """
        subject = self._subject
        tests = dict.fromkeys((*subject.deciding_files, *subject.helper_files))
        changes = {**self._changes, **tests}
        return codes_of(
            subject.suite.tree(subject.task), changes, image_digest(subject.task.image), purpose="grade"
        )

    def written(self, path: str) -> bytes:
        """Return what the last run wrote to a file outside the workspace; nothing if it did not."""
        try:
            return self._box.read(path)
        except OSError:
            return b""

    def _refresh(self) -> None:
        if not self._waits or not isinstance(self._box, Spawns):
            self._box.restore(self._start)
            return
        swept = self._box.exec(["sh", "-c", _SWEEP, "sh", *self._server], cwd="/", timeout=30.0)
        self._box.relay(self._start)
        if swept.exit_code:
            self._waits = False
            self._box.restore(self._start)


def _renamed(run: TestRun, ids: Mapping[str, str]) -> TestRun:
    """Return ``run`` with tests called by their ids again."""
    results = {ids.get(name, name): status for name, status in run.results.items()}
    failures = {ids.get(name, name): why for name, why in run.failures.items()}
    return run.model_copy(update={"results": results, "failures": failures})


def _cannot(error: OSError) -> CannotLay:
    trouble = CannotLay(str(error))
    trouble.failure = Failure(FailureKind.DISK) if error.errno == errno.ENOSPC else None
    return trouble
