"""Turns a patch into a verdict, in a box that the agent has never used.

The patch is made of files that are read from outside the agent's box. It is applied to the pristine tree in a
fresh box, without changes to protected paths; the hidden tests are laid over it last. Then the deciding tests are
examined (:mod:`codegym.grade.exam`): they are run in right and wrong forms from the task's bank. Each must be seen
to pass in its right forms and to fail in its wrong ones. If no result can be established, an error is raised
instead of a verdict.
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
from codegym.grade.exam import Examiner, Sheet
from codegym.grade.form.bank import Bank
from codegym.grade.form.proving import bank_of
from codegym.grade.judge import Answers, blame_task
from codegym.grade.protected import is_protected
from codegym.grade.room import CannotLay, Room
from codegym.grade.subject import Subject
from codegym.harness.cache import ResultCache
from codegym.patch import PatchError, apply_patch, make_patch, may_be_named
from codegym.sandbox.protocol import Backend, Changes, Sandbox
from codegym.suite import Suite
from codegym.task import Task

MOST_PATCH_BYTES = 2 << 20
"""A larger patch is invalid: no task needs one, and code that fills the disk would make one."""
MOST_PATCH_FILES = 1000
"""A patch of more files is invalid too: each file has to be written over a tree."""
_MOST_SUSPECTS = 4
"""After a disturbed exam at most four suspected forms are run again: each costs a run of all tests."""


def extract_patch(box: Sandbox, suite: Suite, task: Task) -> str:
    """Return what the agent changed in ``box`` as a patch on the task's tree, without protected paths.

    The files are read from outside the box, and no program runs. Left out are also paths that a patch can't name,
    files in the place of a protected file's folder, and files below the path of a deleted protected file. If the
    changes are too large or can't be read, the result is a sentence that no grader accepts as a patch.
    """
    hidden = suite.hidden(task)
    try:
        all_changes = {path: file for path, file in box.changes().items() if may_be_named(path)}
    except OSError as error:
        if is_of_machine(error):
            raise
        return f"refused: the workspace can't be read: {error.strerror}\n"
    left_out = frozenset(path for path in all_changes if is_protected(path, task.tests, hidden))
    deleted = [path for path in left_out if all_changes[path] is None]
    folders = {parent.as_posix() for path in deleted for parent in PurePosixPath(path).parents}
    changes = {
        path: file
        for path, file in all_changes.items()
        if path not in left_out and (file is None or (path not in folders and not _is_below(path, deleted)))
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
    """Return the verdict on ``patch``. With a ``cache``, a workspace that was tested before is not tested again.

    Forms are drawn from ``bank``, by default from the task's own (:func:`~codegym.grade.form.proving.bank_of`).

    Raises :class:`GradeError` or :class:`~codegym.errors.SandboxError` if no result can be established.
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
    shadows = subject.shadowing_paths(changes)
    left_out = sorted(path for path in changes if path in shadows or is_protected(path, task.tests, hidden))
    patch_changes = {path: file for path, file in changes.items() if path not in left_out}
    obstacle = _file_in_place_of_folder(patch_changes, hidden)
    if obstacle:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"{obstacle} stands where the tests need a folder")
    try:
        verdict = _verdict_or_cached(subject, bank or bank_of(subject), {**patch_changes, **hidden}, cache)
    except CannotLay as error:
        why = f"the patch can't be laid over the tree: {error}"
        failure = error.failure and replace(error.failure, owner=Owner.AGENT)
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=why, failure=failure)
    note = f"left out, protected: {', '.join(left_out[:8])}" if left_out else ""
    return verdict.model_copy(update={"detail": "; ".join(filter(None, (verdict.detail, note)))})


def grade_empty(suite: Suite, task: Task, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on an empty patch. If it is ``RESOLVED``, the task has nothing to solve."""
    return grade(suite, task, "", backend=backend, cache=cache)


def grade_gold(suite: Suite, task: Task, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on the task's own solution. If it is not ``RESOLVED``, the task is broken."""
    return grade(suite, task, task.gold_patch, backend=backend, cache=cache)


def _verdict_or_cached(subject: Subject, bank: Bank, changes: Changes, cache: ResultCache | None) -> Verdict:
    """Return the verdict on ``changes`` from ``cache``, or make it and put it there if it may be kept."""
    task = subject.task
    if cache is None:
        return _establish_verdict(subject, bank, changes)[0]
    limits = task.limits.model_dump(mode="json")
    key = digest_json([subject.key(changes), grader_digest(), bank.digest, task.tests.fail_to_pass, limits])
    with cache.turn(key):
        entry = cache.get(key)
        if entry is not None:
            return Verdict(**entry, cached=True)
        verdict, keep = _establish_verdict(subject, bank, changes)
        if keep:
            cache.put(key, verdict.model_dump(mode="json", exclude={"seconds", "cached"}))
        return verdict


def _establish_verdict(subject: Subject, bank: Bank, changes: Changes) -> tuple[Verdict, bool]:
    """Return a verdict, and whether it may be cached.

    Raises :class:`GradeError` if the tests did not end in order and the task's own solution fails as well.
    """
    answers = _examine(subject, bank, changes)
    verdict = answers.verdict()
    if subject.gold is None or changes == {**subject.gold, **subject.hidden}:
        return blame_task(verdict) if subject.task.gold_patch else verdict, answers.may_be_kept()
    if verdict.failure is not None and bank.gold_fails:
        why = f"task {subject.task.id!r} fails with its own solution as well ({bank.gold_fails})"
        raise GradeError(why, Failure(verdict.failure.kind, Owner.TASK))
    return verdict, answers.may_be_kept()


def _examine(subject: Subject, bank: Bank, changes: Changes) -> Answers:
    """Run an exam in a fresh box until the outcome and the status of every test are settled.

    A disturbed exam is followed by calm sheets. In these the suspected forms come first; others are run only if
    the task seems to be resolved.
    """
    paths = {*bank.bases, *(place.path for place in bank.places)}
    files = {path: file for path in sorted(paths) if (file := subject.original_file(path)) is not None}
    examiner = Examiner(bank, subject.task.tests, files, SystemRandom())
    answers = Answers(subject.task, bank)
    with Room(subject, changes) as room:
        _run_sheets(answers, examiner.draw_exam(), room)
        if not answers.is_disturbed() or _core_fails_alone(subject, examiner, room):
            return answers
        calm = Answers(subject.task, bank, calm=True, earlier_seconds=answers.seconds)
        suspects = answers.suspects()[:_MOST_SUSPECTS]
        plain, *others = examiner.calm_sheets(suspects)
        _run_sheets(calm, [plain, *others[: len(suspects)]], room)
        if calm.verdict().outcome is Outcome.RESOLVED:
            _run_sheets(calm, others[len(suspects) :], room)
    return calm


def _core_fails_alone(subject: Subject, examiner: Examiner, room: Room) -> bool:
    """Return whether all fail-to-pass tests fail without a wrong form: then no wrong form disturbed them."""
    plain = examiner.make_sheet([], subject.task.tests.fail_to_pass)
    run = room.run(plain.files, plain.ids, aliases=plain.aliases)
    return not any(run.results.get(test) is TestStatus.PASSED for test in plain.ids)


def _run_sheets(answers: Answers, sheets: Iterable[Sheet], room: Room) -> None:
    """Run ``sheets`` and add them to ``answers``, until the outcome is settled."""
    for sheet in sheets:
        answers.add(sheet, room.run(sheet.files, sheet.ids, aliases=sheet.aliases))
        if answers.is_settled():
            return


@lru_cache(maxsize=1)
def grader_digest() -> str:
    """Return the digest of the grader's own files, so that no verdict of another version is used."""
    here = Path(__file__).parent
    files = [[path.relative_to(here).as_posix(), digest_bytes(path.read_bytes())] for path in grader_files()]
    return digest_json(files)


def grader_files() -> list[Path]:
    """Return the files that :func:`grader_digest` covers, sorted: all Python files below this folder."""
    return sorted(Path(__file__).parent.rglob("*.py"))


def _file_in_place_of_folder(patch_changes: Changes, hidden: Iterable[str]) -> str | None:
    """Return the path of a file in the patch where hidden files need a folder; ``None`` if there is none."""
    folders = {parent.as_posix() for path in hidden for parent in PurePosixPath(path).parents}
    return next((path for path, file in patch_changes.items() if file is not None and path in folders), None)
