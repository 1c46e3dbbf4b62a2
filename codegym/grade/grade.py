"""From a patch to a verdict, in a box that the agent never saw.

The patch comes from files outside the agent's box. It is applied to the pristine tree in a fresh box, without
changes to protected paths; the hidden tests are laid over it last; then the tests that decide are run, and
each must be positively seen to pass. Tests that pass are put to the proof (:mod:`codegym.grade.control`). What
could not be established raises: it is never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath

from codegym.digest import digest_bytes, digest_json
from codegym.episode import Outcome, TestStatus, Verdict
from codegym.errors import GradeError, is_of_machine
from codegym.failure import Failure, Owner
from codegym.grade.ahead import Ahead
from codegym.grade.control import Execute, Finding
from codegym.grade.protected import is_protected
from codegym.grade.subject import CannotLay, Subject, kind_of, named
from codegym.harness.cache import ResultCache, may_be_kept
from codegym.harness.result import TestRun
from codegym.patch import PatchError, apply_patch, make_patch, may_be_named
from codegym.sandbox.protocol import Backend, Changes, Sandbox
from codegym.suite import Suite
from codegym.task import Task

MOST_PATCH_BYTES = 2 << 20
"""A larger patch is invalid: no task asks for one, and a disk filler would make one."""
MOST_PATCH_FILES = 1000
"""So is one of more files, each of which has to be laid over a tree."""


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


def grade(suite: Suite, task: Task, patch: str, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on ``patch``; with a ``cache``, an equal workspace is not tested again.

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
    hidden = suite.hidden(task)
    left_out = sorted(path for path in changes if is_protected(path, task.tests, hidden))
    kept = {path: file for path, file in changes.items() if path not in left_out}
    obstacle = _in_the_way(kept, hidden)
    if obstacle:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"{obstacle} stands where the tests need a folder")
    try:
        verdict = _cached(Subject(suite, task, backend), {**kept, **hidden}, cache)
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


def _cached(subject: Subject, changes: Changes, cache: ResultCache | None) -> Verdict:
    key = subject.key(changes, purpose="grade")
    task = subject.task
    key = digest_json([key, _grader_digest(), task.tests.fail_to_pass, task.limits.model_dump(mode="json")])
    if cache is None:
        return _established(subject, changes, None)[0]
    with cache.turn(key):
        known = cache.get(key)
        if known is not None:
            return Verdict(**known, cached=True)
        verdict, keep = _established(subject, changes, cache)
        if keep:
            cache.put(key, verdict.model_dump(mode="json", exclude={"seconds", "cached"}))
        return verdict


def _established(subject: Subject, changes: Changes, cache: ResultCache | None) -> tuple[Verdict, bool]:
    """Return a verdict and whether it may be kept, passed tests put to the proof."""
    task, gold = subject.task, subject.gold_changes()
    if gold is not None and changes == {**gold, **subject.hidden}:
        run = subject.execute(changes, named(task)).model_copy(update={"tampering": ()})
        return _owned(judge(task, run), run, subject, None), may_be_kept(run)
    reference = None if gold is None else subject.reference(gold, cache)
    with Ahead(subject.open, changes != subject.hidden and task.tests.framework == "pytest") as ahead:
        run = subject.execute(changes, named(task), then=partial(_reserve, task, ahead))
        run = _fairly_accused(run, reference, named(task))
        verdict = judge(task, run)
        if run.tampering or TestStatus.PASSED not in verdict.fail_to_pass.values():
            return _owned(verdict, run, subject, reference), may_be_kept(run)
        finding = subject.examiner(changes, reference, ahead).examine(run)
    return _proven(verdict, finding), may_be_kept(run) and not finding.doubts


def _reserve(task: Task, ahead: Ahead, run: TestRun) -> None:
    if any(run.results.get(i) is TestStatus.PASSED for i in task.tests.fail_to_pass):
        ahead.reserve()


def _fairly_accused(run: TestRun, reference: Execute | None, ids: tuple[str, ...]) -> TestRun:
    """Take back what the gold patch would be accused of as well."""
    if not run.tampering or reference is None:
        return run
    usual = reference({}, ids).tampering
    return run.model_copy(update={"tampering": tuple(told for told in run.tampering if told not in usual)})


def _proven(verdict: Verdict, finding: Finding) -> Verdict:
    if finding.evidence:
        return _tampered(verdict, finding.evidence)
    if finding.doubts:
        lost = {i: TestStatus.FAILED if s is TestStatus.PASSED else s for i, s in verdict.fail_to_pass.items()}
        told = {"outcome": Outcome.UNRESOLVED, "detail": finding.doubts[0]}
        return verdict.model_copy(update={**told, "fail_to_pass": lost})
    return verdict


def _tampered(verdict: Verdict, evidence: tuple[str, ...]) -> Verdict:
    """Nothing that such a run said is believed."""
    nothing = {"fail_to_pass": dict.fromkeys(verdict.fail_to_pass, TestStatus.MISSING)}
    nothing["pass_to_pass"] = dict.fromkeys(verdict.pass_to_pass, TestStatus.MISSING)
    told = "; ".join(evidence[:4]) + (f"; and {len(evidence) - 4} more" if len(evidence) > 4 else "")
    return verdict.model_copy(update={"outcome": Outcome.TAMPERED, "detail": told, "failure": None, **nothing})


def _owned(verdict: Verdict, run: TestRun, subject: Subject, reference: Execute | None) -> Verdict:
    """Say what failed, if the run came to no orderly end. Raises :class:`GradeError` if gold does no better.

    ``reference`` is ``None`` where the gold patch is what was run, or there is none.
    """
    kind = kind_of(run)
    if kind is None or run.tampering:
        return verdict
    if reference is not None and not (gold := reference({}, named(subject.task))).passed(named(subject.task)):
        why = f"task {subject.task.id!r} fails with its own solution as well ({kind_of(gold) or 'tests fail'})"
        raise GradeError(why, Failure(kind, Owner.TASK))
    owner = Owner.AGENT if reference is not None or not subject.task.gold_patch else Owner.TASK
    return verdict.model_copy(update={"failure": Failure(kind, owner)})


@lru_cache(maxsize=1)
def _grader_digest() -> str:
    here = Path(__file__).parent
    return digest_json([digest_bytes(path.read_bytes()) for path in sorted(here.glob("*.py"))])


def _in_the_way(kept: Changes, hidden: Iterable[str]) -> str | None:
    folders = {parent.as_posix() for path in hidden for parent in PurePosixPath(path).parents}
    return next((path for path, file in kept.items() if file is not None and path in folders), None)


def judge(task: Task, run: TestRun) -> Verdict:
    """Return the verdict that a finished run of a task's deciding tests amounts to."""
    f2p = {node: run.results.get(node, TestStatus.MISSING) for node in task.tests.fail_to_pass}
    p2p = {node: run.results.get(node, TestStatus.MISSING) for node in task.tests.pass_to_pass}
    outcome, detail = _outcome(task, run)
    verdict = Verdict(outcome=outcome, fail_to_pass=f2p, pass_to_pass=p2p, detail=detail, seconds=run.seconds)
    return _tampered(verdict, run.tampering) if run.tampering else verdict


def _outcome(task: Task, run: TestRun) -> tuple[Outcome, str]:
    if run.timed_out:
        return Outcome.TIMEOUT, f"the tests did not end within {task.limits.grade_seconds:g} s"
    if run.oom:
        return Outcome.UNRESOLVED, f"the tests used more than {task.limits.memory_mb} MB of memory"
    ids = named(task)
    if not task.tests.fail_to_pass:
        return Outcome.UNRESOLVED, "the task names no test that decides it"
    if run.passed(ids):
        return Outcome.RESOLVED, f"all {len(ids)} tests passed"
    bad = [node for node in ids if run.results.get(node) is not TestStatus.PASSED]
    if not run.complete:
        return Outcome.UNRESOLVED, f"the tests did not run to their end (exit code {run.exit_code})"
    why = run.failures.get(bad[0], str(run.results.get(bad[0], TestStatus.MISSING)))
    return Outcome.UNRESOLVED, f"{len(bad)} of {len(ids)} tests did not pass: {bad[0]}: {why.splitlines()[0]}"
