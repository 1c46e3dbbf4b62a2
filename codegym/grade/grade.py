"""From a patch to a verdict, in a box that the agent never saw.

The patch comes from files outside the agent's box. It is applied to the pristine tree in a fresh box, without
changes to protected paths; the hidden tests are laid over it last. Then the tests that decide are examined
(:mod:`codegym.grade.exam`): they are run in right and wrong forms from the task's bank, and each right form must
be positively seen to pass, each wrong one to fail. What could not be established raises: it is never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from random import SystemRandom

from codegym.digest import digest_bytes, digest_json
from codegym.episode import Outcome, TestStatus, Verdict
from codegym.errors import GradeError, is_of_machine
from codegym.failure import Failure, Owner
from codegym.grade.exam import Setter, Sheet
from codegym.grade.form.bank import Bank
from codegym.grade.form.proving import bank_of
from codegym.grade.judge import Answers, blamed_on_task
from codegym.grade.protected import is_protected
from codegym.grade.room import CannotLay, Room
from codegym.grade.subject import Subject
from codegym.harness.cache import ResultCache
from codegym.patch import PatchError, apply_patch, make_patch, may_be_named
from codegym.sandbox.protocol import Backend, Changes, Sandbox
from codegym.suite import Suite
from codegym.task import Task

MOST_PATCH_BYTES = 2 << 20
"""A larger patch is invalid: no task asks for one, and a disk filler would make one."""
MOST_PATCH_FILES = 1000
"""So is one of more files, each of which has to be laid over a tree."""
_SUSPECTS = 4
"""So many forms that passed wrongly are looked at once more where an exam was disturbed."""


def extract_patch(box: Sandbox, suite: Suite, task: Task) -> str:
    """Return what the agent changed in ``box``, without protected paths, as a patch on the task's tree.

    Read from outside the box; no program runs. Names that a patch can't hold are left out, and so is what stands
    in the place of a protected file's folder, or below a protected file. Changes that are too large or can't be
    read become a text that no grader takes for a patch.
    """
    hidden = suite.hidden(task)
    try:
        found = {path: file for path, file in box.changes().items() if may_be_named(path)}
    except OSError as error:
        if is_of_machine(error):
            raise
        return f"refused: the workspace can't be read: {error.strerror}\n"
    left_out = frozenset(path for path in found if is_protected(path, task.tests, hidden))
    gone = [path for path in left_out if found[path] is None]
    closed = {parent.as_posix() for path in gone for parent in PurePosixPath(path).parents}
    changes = {
        path: file
        for path, file in found.items()
        if path not in left_out and (file is None or (path not in closed and not _is_below(path, gone)))
    }
    if len(changes) > MOST_PATCH_FILES:
        return f"refused: {len(changes)} files were changed, more than {MOST_PATCH_FILES}\n"
    size = sum(len(file.content) for file in changes.values() if file is not None)
    if size > MOST_PATCH_BYTES:
        return f"refused: the changed files hold {size} bytes, more than {MOST_PATCH_BYTES}\n"
    base = {path: suite.base_file(task, path) for path in changes}
    return make_patch({path: file for path, file in base.items() if file is not None}, changes)


def _is_below(path: str, files: Iterable[str]) -> bool:
    return any(path.startswith(f"{file}/") for file in files)


def grade(
    suite: Suite,
    task: Task,
    patch: str,
    *,
    backend: Backend,
    cache: ResultCache | None,
    bank: Bank | None = None,
) -> Verdict:
    """Return the verdict on ``patch``; with a ``cache``, an equal workspace is not tested again.

    Forms are drawn from ``bank``, by default from the task's own (:func:`~codegym.grade.form.proving.bank_of`).

    Raises :class:`GradeError` or :class:`~codegym.errors.SandboxError` when nothing could be established.
    """
    if len(patch.encode(errors="surrogatepass")) > MOST_PATCH_BYTES:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"the patch is larger than {MOST_PATCH_BYTES} bytes")
    try:
        changes = apply_patch(patch, lambda path: suite.base_file(task, path))
    except PatchError as error:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=str(error))
    if len(changes) > MOST_PATCH_FILES:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"more than {MOST_PATCH_FILES} files are changed")
    subject, hidden = Subject(suite, task, backend), suite.hidden(task)
    shadows = subject.shadows(changes)
    left_out = sorted(path for path in changes if path in shadows or is_protected(path, task.tests, hidden))
    kept = {path: file for path, file in changes.items() if path not in left_out}
    obstacle = _in_the_way(kept, hidden)
    if obstacle:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"{obstacle} stands where the tests need a folder")
    try:
        verdict = _cached(subject, bank or bank_of(subject), {**kept, **hidden}, cache)
    except CannotLay as error:
        why = f"the patch can't be laid over the tree: {error}"
        failure = error.failure and replace(error.failure, owner=Owner.AGENT)
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=why, failure=failure)
    note = f"left out, protected: {', '.join(left_out[:8])}" if left_out else ""
    return verdict.model_copy(update={"detail": "; ".join(filter(None, (verdict.detail, note)))})


def grade_empty(suite: Suite, task: Task, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on a patch that changes nothing; of a task worth having, it is never ``RESOLVED``."""
    return grade(suite, task, "", backend=backend, cache=cache)


def grade_gold(suite: Suite, task: Task, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on the task's own solution; of a sound task, it is always ``RESOLVED``."""
    return grade(suite, task, task.gold_patch, backend=backend, cache=cache)


def _cached(subject: Subject, bank: Bank, changes: Changes, cache: ResultCache | None) -> Verdict:
    task = subject.task
    if cache is None:
        return _established(subject, bank, changes)[0]
    limits = task.limits.model_dump(mode="json")
    key = digest_json([subject.key(changes), grader_digest(), bank.digest, task.tests.fail_to_pass, limits])
    with cache.turn(key):
        entry = cache.get(key)
        if entry is not None:
            return Verdict(**entry, cached=True)
        verdict, keep = _established(subject, bank, changes)
        if keep:
            cache.put(key, verdict.model_dump(mode="json", exclude={"seconds", "cached"}))
        return verdict


def _established(subject: Subject, bank: Bank, changes: Changes) -> tuple[Verdict, bool]:
    """Return a verdict, and whether it may be kept. Raises :class:`GradeError` if gold does no better."""
    answers = _examined(subject, bank, changes)
    verdict = answers.verdict()
    if subject.gold is None or changes == {**subject.gold, **subject.hidden}:
        return blamed_on_task(verdict) if subject.task.gold_patch else verdict, answers.may_be_kept()
    if verdict.failure is not None and bank.gold_fails:
        why = f"task {subject.task.id!r} fails with its own solution as well ({bank.gold_fails})"
        raise GradeError(why, Failure(verdict.failure.kind, Owner.TASK))
    return verdict, answers.may_be_kept()


def _examined(subject: Subject, bank: Bank, changes: Changes) -> Answers:
    """Run an exam in a fresh box, as far as it takes to settle the outcome and every test's status."""
    paths = {*bank.bases, *(place.path for place in bank.places)}
    files = {path: file for path in sorted(paths) if (file := subject.file(path)) is not None}
    setter = Setter(bank, subject.task.tests, files, SystemRandom())
    answers = Answers(subject.task, bank)
    with Room(subject, changes) as room:
        _answer(answers, setter.exam(), room)
        if not answers.disturbed() or _fails_alone(subject, setter, room):
            return answers
        calm = Answers(subject.task, bank, calm=True, spent=answers.seconds)
        suspects = answers.suspects()[:_SUSPECTS]
        plain, *others = setter.calm(suspects)
        _answer(calm, [plain, *others[: len(suspects)]], room)
        if calm.verdict().outcome is Outcome.RESOLVED:
            _answer(calm, others[len(suspects) :], room)
    return calm


def _fails_alone(subject: Subject, setter: Setter, room: Room) -> bool:
    """Return whether fail-to-pass tests fail where nothing is wrong beside them: then nothing disturbed them."""
    plain = setter.sheet([], subject.task.tests.fail_to_pass)
    run = room.run(plain.files, plain.ids, names=plain.names)
    return not any(run.results.get(test) is TestStatus.PASSED for test in plain.ids)


def _answer(answers: Answers, sheets: Iterable[Sheet], room: Room) -> None:
    """Run sheets until the outcome is settled."""
    for sheet in sheets:
        answers.add(sheet, room.run(sheet.files, sheet.ids, names=sheet.names))
        if answers.settled():
            return


@lru_cache(maxsize=1)
def grader_digest() -> str:
    """Return the digest of the grader's own files: a verdict is only as good as what gave it."""
    here = Path(__file__).parent
    files = [[path.relative_to(here).as_posix(), digest_bytes(path.read_bytes())] for path in grader_files()]
    return digest_json(files)


def grader_files() -> list[Path]:
    """Return the files of which :func:`grader_digest` is, sorted: all of this package and its own."""
    return sorted(Path(__file__).parent.rglob("*.py"))


def _in_the_way(kept: Changes, hidden: Iterable[str]) -> str | None:
    folders = {parent.as_posix() for path in hidden for parent in PurePosixPath(path).parents}
    return next((path for path, file in kept.items() if file is not None and path in folders), None)
