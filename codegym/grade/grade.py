"""From a patch to a verdict, in a box that the agent never saw.

The patch comes from files outside the agent's box. It is applied to the pristine tree in a fresh box, without
changes to protected paths; the hidden tests are laid over it last; then the tests that decide are run, and
each must be positively seen to pass. What could not be established raises: it is never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from codegym.digest import digest_json
from codegym.episode import Outcome, TestStatus, Verdict
from codegym.errors import GradeError
from codegym.grade.protected import is_protected
from codegym.harness.cache import ResultCache, may_be_kept, run_key, workspace_digest
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests, source_name
from codegym.patch import PatchError, apply_patch, make_patch, may_be_named
from codegym.sandbox.image import image_digest
from codegym.sandbox.protocol import Backend, Changes, File, Sandbox
from codegym.suite import Suite
from codegym.task import Task

MOST_PATCH_BYTES = 2 << 20
"""A larger patch is invalid: no task asks for one, and a disk filler would make one."""


class _CannotLay(Exception):  # noqa: N818 - not an error of ours: a patch asks for what no file system allows
    """Raised where a patch's files can't be written over the tree."""


def extract_patch(box: Sandbox, suite: Suite, task: Task) -> str:
    """Return what the agent changed in ``box``, without protected paths, as a patch on the task's tree.

    Read from outside the box; no program runs. Names that a patch can't hold are left out. Changes that are
    too large become a text that no grader takes for a patch.
    """
    hidden = suite.hidden(task)
    found = {path: file for path, file in box.changes().items() if not is_protected(path, task.tests, hidden)}
    changes = {path: file for path, file in found.items() if may_be_named(path)}
    size = sum(len(file.content) for file in changes.values() if file is not None)
    if size > MOST_PATCH_BYTES:
        return f"refused: the changed files hold {size} bytes, more than {MOST_PATCH_BYTES}\n"
    base = {path: suite.base_file(task, path) for path in changes}
    return make_patch({path: file for path, file in base.items() if file is not None}, changes)


def grade(suite: Suite, task: Task, patch: str, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on ``patch``; with a ``cache``, an equal workspace is not tested again.

    Raises :class:`GradeError` or :class:`~codegym.errors.SandboxError` when nothing could be established.
    """
    if len(patch.encode(errors="surrogateescape")) > MOST_PATCH_BYTES:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"the patch is larger than {MOST_PATCH_BYTES} bytes")
    try:
        changes = apply_patch(patch, lambda path: suite.base_file(task, path))
    except PatchError as error:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=str(error))
    hidden = suite.hidden(task)
    left_out = sorted(path for path in changes if is_protected(path, task.tests, hidden))
    kept = {path: file for path, file in changes.items() if path not in left_out}
    obstacle = _in_the_way(kept, hidden)
    if obstacle:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"{obstacle} stands where the tests need a folder")
    try:
        verdict = _cached(suite, task, {**kept, **hidden}, backend, cache)
    except _CannotLay as error:
        return Verdict(outcome=Outcome.INVALID_PATCH, detail=f"the patch can't be laid over the tree: {error}")
    note = f"left out, protected: {', '.join(left_out[:8])}" if left_out else ""
    return verdict.model_copy(update={"detail": "; ".join(filter(None, (verdict.detail, note)))})


def grade_empty(suite: Suite, task: Task, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on a patch that changes nothing; of a task worth having, it is never ``RESOLVED``."""
    return grade(suite, task, "", backend=backend, cache=cache)


def grade_gold(suite: Suite, task: Task, *, backend: Backend, cache: ResultCache | None) -> Verdict:
    """Return the verdict on the task's own solution; of a sound task, it is always ``RESOLVED``."""
    return grade(suite, task, task.gold_patch, backend=backend, cache=cache)


def _cached(suite: Suite, task: Task, changes: Changes, backend: Backend, cache: ResultCache | None) -> Verdict:
    digest = workspace_digest(suite.tree(task).digest, changes)
    ids = _named(task)
    image = image_digest(task.image)
    key = run_key(digest, task.tests, ids, task.image, image, purpose="grade")
    key = digest_json([key, task.tests.fail_to_pass, task.limits.model_dump(mode="json")])
    if cache is None:
        return judge(task, _executed(suite, task, changes, backend))
    with cache.turn(key):
        known = cache.get(key)
        if known is not None:
            return Verdict(**known, cached=True)
        run = _executed(suite, task, changes, backend)
        verdict = judge(task, run)
        if may_be_kept(run):
            cache.put(key, verdict.model_dump(mode="json", exclude={"seconds", "cached"}))
        return verdict


def _executed(suite: Suite, task: Task, changes: Changes, backend: Backend) -> TestRun:
    """Run the tests that decide in a fresh box. Raises :class:`_CannotLay`, or if the box fails."""
    tree = suite.tree(task)
    with backend.open(tree, task.image, task.limits) as box:
        try:
            _lay(box, changes)
        except OSError as error:
            raise _CannotLay(error) from error
        source = source_name(tree, image_digest(task.image), purpose="grade")
        return run_tests(box, task.tests, _named(task), timeout=task.limits.grade_seconds, source=source)


def _in_the_way(kept: Changes, hidden: Iterable[str]) -> str | None:
    folders = {parent.as_posix() for path in hidden for parent in PurePosixPath(path).parents}
    return next((path for path, file in kept.items() if file is not None and path in folders), None)


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
        raise GradeError(f"the link {path!r} could not be made in the box: {made.stderr.strip()}")


def _named(task: Task) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*task.tests.fail_to_pass, *task.tests.pass_to_pass)))


def judge(task: Task, run: TestRun) -> Verdict:
    """Return the verdict that a finished run of a task's deciding tests amounts to."""
    f2p = {node: run.results.get(node, TestStatus.MISSING) for node in task.tests.fail_to_pass}
    p2p = {node: run.results.get(node, TestStatus.MISSING) for node in task.tests.pass_to_pass}
    outcome, detail = _outcome(task, run)
    return Verdict(outcome=outcome, fail_to_pass=f2p, pass_to_pass=p2p, detail=detail, seconds=run.seconds)


def _outcome(task: Task, run: TestRun) -> tuple[Outcome, str]:
    if run.tampering:
        return Outcome.TAMPERED, "; ".join(run.tampering)
    if run.timed_out:
        return Outcome.TIMEOUT, f"the tests did not end within {task.limits.grade_seconds:g} s"
    if run.oom:
        return Outcome.UNRESOLVED, f"the tests used more than {task.limits.memory_mb} MB of memory"
    named = _named(task)
    if run.passed(named):
        return Outcome.RESOLVED, f"all {len(named)} tests passed"
    bad = [node for node in named if run.results.get(node) is not TestStatus.PASSED]
    if not run.complete:
        return Outcome.UNRESOLVED, f"the tests did not run to their end (exit code {run.exit_code})"
    why = run.failures.get(bad[0], str(run.results.get(bad[0], TestStatus.MISSING)))
    return Outcome.UNRESOLVED, f"{len(bad)} of {len(named)} tests did not pass: {bad[0]}: {why.splitlines()[0]}"
