"""Runs the sheets of an exam one after the other in one box, each in its own process and on a fresh workspace.

pytest is started once, before the agent's files are laid, as a server that forks for each sheet. Between two
sheets all processes of the first are killed, the workspace is laid again from outside, and ``/tmp`` and
``/dev/shm`` are emptied, so that no sheet finds a trace of another. A backend without services in its boxes starts
pytest each time.
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
"""Empties the folders outside the workspace that processes share, except the pipes of the waiting pytest server.

It fails if the server is gone, or if its pipes are not those that it made. Modes, times and attributes of what
remains are reset, since a process could leave notes in them.
"""
_SWEEP_SECONDS = 30.0
"""A sweep takes milliseconds. A process that left very many files may not hold up the grade for longer."""
_IDENTIFY_SERVER = "cd /tmp/.codegym-warm && cat pid && stat -c %i in out"
"""Prints the arguments of a sweep: the id of the server's process, and the inode numbers of its pipes."""
_LEAST_SECONDS = 1.0
"""A run may always take a second, even if no time is left: less would time out before the tests start."""
_MOST_TIMES = 2
"""All runs in a room together may take twice the time of one: an exam's further sheets are drawn to be quick."""


class CannotLay(Exception):  # noqa: N818 - not an error of ours: a patch asks for what no file system allows
    """Raised if the files of a patch can't be written over the tree. ``failure`` is set if the disk is full."""

    failure: Failure | None = None


class Room:
    """A context manager for a box with the task's tree and ``changes`` laid over it.

    On entry it raises :class:`CannotLay` if ``changes`` can't be written, and any error of the backend.
    ``runs`` counts the runs in the room.
    """

    def __init__(self, subject: Subject, changes: Changes) -> None:
        self._subject, self._changes = subject, changes
        self._is_pytest = subject.task.tests.framework == "pytest"
        self._has_server = False
        self._server_ids: list[str] = []
        self.runs = 0
        self._seconds_left = _MOST_TIMES * subject.task.limits.grade_seconds

    def __enter__(self) -> Room:
        self._box: Sandbox = self._subject.open()
        try:
            if self._is_pytest:
                self._has_server = prepare(self._box)
                self._server_ids = (
                    self._box.exec(_IDENTIFY_SERVER, cwd="/").stdout.split() if self._has_server else []
                )
            try:
                lay_files(self._box, self._changes)
            except OSError as error:
                raise _cannot_lay(error) from error
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
        aliases: Mapping[str, str] | None = None,
    ) -> TestRun:
        """Run the tests ``ids`` on a fresh workspace with ``files`` laid over it.

        ``timeout`` is in seconds. By default the run may take the grade's time limit, or what is left of the time
        for all runs. ``aliases`` maps tests to their names in ``files``, if those are not their ids.
        """
        task = self._subject.task
        if self.runs:
            self._refresh()
        self.runs += 1
        for path, file in files.items():
            self._box.write(path, file.content, executable=file.executable)
        limit = timeout or max(_LEAST_SECONDS, min(task.limits.grade_seconds, self._seconds_left))
        names = tuple((aliases or {}).get(test, test) for test in ids)
        run = run_tests(self._box, task.tests, names, timeout=limit, prepared=self._has_server, codes=self._codes)
        run = _restore_ids(run, dict(zip(names, ids, strict=True)))
        self._seconds_left -= 0.0 if timeout else run.seconds
        return run

    @cached_property
    def _codes(self) -> Codes:
        """The byte code that every run starts with. It has no test files.

        Byte code is compiled once, in the first run. If it covered test files, a later run could tell from it
        whether it has the same form as the first.
        """
        subject = self._subject
        tests = dict.fromkeys((*subject.deciding_files, *subject.helper_files))
        changes = {**self._changes, **tests}
        return codes_of(
            subject.suite.tree(subject.task), changes, image_digest(subject.task.image), purpose="grade"
        )

    def read_file(self, path: str) -> bytes:
        """Return the content of a file that the last run wrote; empty if it can't be read."""
        try:
            return self._box.read(path)
        except OSError:
            return b""

    def _refresh(self) -> None:
        """Remove all traces of the last run: by a sweep, or by restoring the whole box if there is no server."""
        if not self._has_server or not isinstance(self._box, Spawns):
            self._box.restore(self._start)
            return
        swept = self._box.exec(["sh", "-c", _SWEEP, "sh", *self._server_ids], cwd="/", timeout=_SWEEP_SECONDS)
        self._box.relay(self._start)
        if swept.exit_code:
            self._has_server = False
            self._box.restore(self._start)


def _restore_ids(run: TestRun, ids: Mapping[str, str]) -> TestRun:
    """Return ``run`` with the ids of the tests in place of their names; ``ids`` maps names to ids."""
    results = {ids.get(name, name): status for name, status in run.results.items()}
    failures = {ids.get(name, name): why for name, why in run.failures.items()}
    return run.model_copy(update={"results": results, "failures": failures})


def _cannot_lay(error: OSError) -> CannotLay:
    cannot_lay = CannotLay(str(error))
    cannot_lay.failure = Failure(FailureKind.DISK) if error.errno == errno.ENOSPC else None
    return cannot_lay
