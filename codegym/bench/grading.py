"""The cost of grading beyond the tests: the wall time of a grade divided by that of the bare test command.

The bare command is what a person would type, in an open box that contains the solution. With pytest it runs
without installed plugins, whose import would make it slower than a grade. A grade opens a fresh box, copies the
patch and the hidden tests over the tree, and runs the deciding tests in several forms, one after the other in one
box.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from codegym.episode import Outcome
from codegym.errors import GradeError
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.harness.inbox_text import ENV
from codegym.patch import make_patch
from codegym.sandbox.protocol import WORKDIR, Backend, Changes, File
from codegym.suite import Manifest, Suite
from codegym.task import FolderSource, Frozen, Limits, Task, TestPlan
from codegym.tree import read_tree, tree_digest, write_file

_TESTS = 40


class Overhead(Frozen):
    """The results for one task, as medians in seconds.

    ``bare`` is the test command; ``empty``, ``gold`` and ``another`` are grades of an empty patch, of the gold
    patch and of another right solution. Divided by ``bare`` they are the cost of grading.
    """

    task: str
    framework: str
    backend: str
    repeats: int
    bare: float
    empty: float
    gold: float
    another: float

    def over(self, seconds: float) -> float:
        """Return ``seconds`` divided by the time of the bare command."""
        return seconds / self.bare


def measure(suite: Suite, task: Task, backend: Backend, repeats: int) -> Overhead:
    """Measure one task: ``repeats`` rounds with one run of each kind, after a first round that is not counted.

    Raises :class:`GradeError` if the gold patch does not resolve the task.
    """
    subject = Subject(suite, task, backend)
    gold = subject.gold
    if gold is None:
        raise GradeError(f"task {task.id!r} has no gold patch: there is no right solution to grade")
    another = _patch(suite, task, {**gold, "notes.txt": File(b"Another solution.\n")})
    kinds: dict[str, Callable[[], float]] = {
        "bare": lambda: _time_bare(subject, {**gold, **subject.hidden}),
        "empty": lambda: _time_grade(subject, "", Outcome.UNRESOLVED),
        "gold": lambda: _time_grade(subject, task.gold_patch, Outcome.RESOLVED),
        "another": lambda: _time_grade(subject, another, Outcome.RESOLVED),
    }
    rounds = [{kind: run() for kind, run in kinds.items()} for _ in range(1 + repeats)][1:]
    seconds = {kind: round(median(each[kind] for each in rounds), 4) for kind in kinds}
    framework = task.tests.framework
    return Overhead(task=task.id, framework=framework, backend=backend.name, repeats=repeats, **seconds)


def generated_suite(root: Path, seconds: float) -> Suite:
    """Make a suite of one task with 40 pytest tests that take about ``seconds``; two are fail-to-pass."""
    tests = "".join(
        f"\n\ndef test_{n:02}():\n    time.sleep({seconds / _TESTS:.4f})\n    assert double({n}) == {2 * n}\n"
        for n in range(_TESTS)
    )
    repo = {"mod.py": File(b"def double(x):\n    return 2 * x if x < 38 else x\n")}
    files = repo | {"tests/test_mod.py": File(f"import time\n\nfrom mod import double\n{tests}".encode())}
    for path, file in files.items():
        write_file(root / "repo" / path, file)
    ids = [f"tests/test_mod.py::test_{n:02}" for n in range(_TESTS)]
    plan = TestPlan(framework="pytest", fail_to_pass=tuple(ids[38:]), pass_to_pass=tuple(ids[:38]))
    task = Task(
        id=f"made-{seconds:g}s",
        instruction="Repair `double`.",
        source=FolderSource(path="repo", digest=tree_digest(read_tree(root / "repo"))),
        tests=plan,
        image="python",
        gold_patch=make_patch(repo, {"mod.py": File(b"def double(x):\n    return 2 * x\n")}),
        limits=Limits(grade_seconds=60 + 10 * seconds),
    )
    return Suite(Manifest(name="made", version=1, title="Made to be timed"), root, {task.id: task}, {})


def bare_command(task: Task) -> str:
    """Return the command that a person would type to run the deciding tests."""
    files = " ".join(dict.fromkeys(node.partition("::")[0] for node in task.tests.deciding))
    kinds = {"pytest": f"python3 -m pytest -q {files}", "node": f"node --test {files}"}
    return kinds.get(task.tests.framework, task.tests.command)


def _time_bare(subject: Subject, changes: Changes) -> float:
    task = subject.task
    with subject.backend.open(subject.suite.tree(task), task.image, task.limits) as box:
        for path, file in changes.items():
            if file is not None:
                box.write(path, file.content, executable=file.executable)
        started = time.monotonic()
        box.exec(bare_command(task), timeout=task.limits.grade_seconds, cwd=WORKDIR, env=ENV)
        return time.monotonic() - started


def _time_grade(subject: Subject, patch: str, expected: Outcome) -> float:
    started = time.monotonic()
    verdict = grade(subject.suite, subject.task, patch, backend=subject.backend, cache=None)
    if verdict.outcome is not expected:
        raise GradeError(f"task {subject.task.id!r}: {verdict.outcome} instead of {expected}: {verdict.detail}")
    return time.monotonic() - started


def _patch(suite: Suite, task: Task, changes: Changes) -> str:
    base = {path: suite.base_file(task, path) for path in changes}
    return make_patch({path: file for path, file in base.items() if file is not None}, changes)
