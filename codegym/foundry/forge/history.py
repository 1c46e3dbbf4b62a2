"""Tasks from a repository's past: a commit that changes source and tests, asked for at its parent.

What the commit does to tests (and to whatever else never becomes part of a patch) is hidden and laid over the tree
for grading; what it does to the source is the gold patch. The box gets the parent's files and no history.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.errors import SandboxError
from codegym.foundry.certify.repeat import lay
from codegym.foundry.draft.hunt import FORGE_LIMITS, Catch, side_by_side
from codegym.foundry.draft.trial import Trial
from codegym.foundry.forge.anchor import difference
from codegym.foundry.forge.cast import Mould
from codegym.foundry.recipe.materialise import task_id
from codegym.foundry.repository.git import Commit, History, changed_paths, commits
from codegym.foundry.repository.project import Project, is_test_path
from codegym.grade.protected import is_protected
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.patch import PatchError, make_patch
from codegym.progress.protocol import Progress
from codegym.sandbox.protocol import Backend, Changes, Sandbox, Tree
from codegym.task import PatchSource, Task
from codegym.tree import Files, store_tree

_MOST_COMMITS = 2000
_MOST_FILES = 20
_FEWEST_WORDS = 4
_MOST_KEPT = 60
_TRAILER = re.compile(
    r"(?m)^(?:[A-Z][\w-]+-by|Change-Id|PR-URL|Reviewed|git-svn-id)\b.*$"
    r"|\(#\d+\)|(?i:\b(?:close[sd]?|fix(?:e[sd])?) #\d+)"
)


@dataclass
class HistoryHunt:
    """Walks a repository's commits and tries those that change source and tests, several at a time."""

    mould: Mould
    history: History
    backend: Backend
    workers: int
    seconds: float
    progress: Progress
    catch: Catch = field(default_factory=Catch)
    tasks: list[Task] = field(default_factory=list)

    def run(self, most: int, deadline: float) -> list[Task]:
        """Return at most ``most`` tasks of the newest commits that make one."""
        turn, began, stopped = threading.Lock(), time.monotonic(), threading.Event()
        queue = iter(self._promising())

        def take() -> Commit | None:
            with turn:
                enough = len(self.tasks) >= most or time.monotonic() > deadline or stopped.is_set()
                return None if enough else next(queue, None)

        def work() -> None:
            while (commit := take()) is not None:
                found = self._tried(commit)
                with turn:
                    self.catch.tried += 1
                    if isinstance(found, str):
                        self.catch.refused[found] += 1
                    elif len(self.tasks) < most:
                        self.tasks.append(found)
                    self.progress("trying history", len(self.tasks), most)

        side_by_side(self.workers, work, stopped)
        self.catch.seconds = time.monotonic() - began
        self.tasks.sort(key=lambda task: task.id)
        return self.tasks

    def _promising(self) -> Iterator[Commit]:
        for commit in commits(self.history.folder, _MOST_COMMITS):
            paths = changed_paths(self.history.folder, commit)
            source = [
                path for path in paths if path.endswith(self.mould.project.suffixes) and not self._aside(path)
            ]
            tests = [path for path in paths if is_test_path(path)]
            if source and tests and len(paths) <= _MOST_FILES:
                yield commit

    def _aside(self, path: str) -> bool:
        return is_protected(path, self.mould.project.plan) or is_test_path(path)

    def _tried(self, commit: Commit) -> Task | str:
        """Return a commit's task, or why it makes none."""
        message = said(commit)
        if len(message.split()) < _FEWEST_WORDS:
            return "its message says too little"
        complete = self.mould.project.complete
        before, after = (complete(self.history.files(name)) for name in (commit.parent, commit.id))
        _, changes = difference(before, after)
        gold = {path: file for path, file in changes.items() if not self._aside(path)}
        hidden: Changes = {path: file for path, file in changes.items() if self._aside(path) and file is not None}
        solved = {path: file for path, file in {**before, **gold, **hidden}.items() if file is not None}
        try:
            right, wrong = self._runs(solved, {path: before.get(path) for path in gold}, sorted(hidden))
        except (SandboxError, OSError):
            return "the box failed"
        trial = _trial(right, wrong)
        if trial.refused:
            return trial.refused
        try:
            return self._task(commit, before, gold, hidden, trial)
        except PatchError:
            return "no patch can hold it"

    def _runs(self, solved: Files, undone: Changes, tests: list[str]) -> tuple[TestRun, TestRun]:
        """Run the tests with the commit's source, and with its parent's."""
        tree = store_tree(solved)
        project = self.mould.project
        with self.backend.open(Tree((tree,), tree.name), project.image, FORGE_LIMITS) as box:
            right = self._run(box, project, solved, tests)
            lay(box, {path: file for path, file in undone.items() if file is not None or path in solved})
            wrong = self._run(box, project, solved, tests)
        return right, wrong

    def _run(self, box: Sandbox, project: Project, files: Files, tests: list[str]) -> TestRun:
        plan = project.plan
        if plan.framework == "pytest":
            chosen = [path for path in tests if project.is_test_file(path)] or list(project.test_files(files))
            plan = plan.model_copy(update={"command": " ".join([plan.command, *chosen])})
        return run_tests(box, plan, timeout=self.seconds, warm=True)

    def _task(self, commit: Commit, before: Files, gold: Changes, hidden: Changes, trial: Trial) -> Task:
        mould, project = self.mould, self.mould.project
        source, setup = mould.anchors.place(before)
        old = {path: before[path] for path in {*gold, *hidden} if path in before}
        patch = make_patch({path: file for path, file in old.items() if path in gold}, gold)
        lines = sum(line[:1] in "+-" for line in patch.splitlines() if line[:3] not in ("+++", "---"))
        effort = lines + 6.0 * (len(gold) - 1)
        tests = {
            "fail_to_pass": trial.failed,
            "pass_to_pass": trial.passed,
            "visible": trial.passed[:10] if project.plan.framework == "pytest" else (),
            "hidden": PatchSource(patch=make_patch({p: f for p, f in old.items() if p in hidden}, hidden)),
        }
        facts = {"version": commit.parent[:12], "files": sorted(gold), "gold_lines": lines}
        facts["fail_to_pass"] = len(trial.failed)
        return Task(
            id=task_id(re.sub(r"[^A-Za-z0-9._-]", "-", project.origin.name), digest_json(["history", commit.id])),
            instruction=_told(commit, trial),
            source=source,
            tests=project.plan.model_copy(update=tests),
            image=project.image,
            setup_patch=setup,
            gold_patch=patch,
            limits=mould.limits,
            metadata=mould.facts("history", effort) | facts,
        )


def said(commit: Commit) -> str:
    """Return a commit's message without trailers and numbers of issues, which can't be looked up in a box."""
    return re.sub(r"\n{3,}", "\n\n", _TRAILER.sub("", commit.message)).strip()


def _told(commit: Commit, trial: Trial) -> str:
    names = [f"- {test}" for test in trial.failed[:10]]
    more = [f"- and {len(trial.failed) - 10} more"] if len(trial.failed) > 10 else []
    asked = "Make this change. Tests that are not in the repository decide, among them:"
    return "\n".join([said(commit), "", asked, "", *names, *more])


def _trial(right: TestRun, wrong: TestRun) -> Trial:
    """Return the tests that pass with the commit and not before, and those that pass either way."""
    if right.timed_out or right.oom or wrong.timed_out or wrong.oom:
        return Trial(refused="timeout" if right.timed_out or wrong.timed_out else "memory")
    passed = [test for test, status in right.results.items() if status is TestStatus.PASSED]
    if not right.complete or not passed:
        return Trial(refused="disorder" if not right.complete else "no test passes")
    kept = {test for test in passed if wrong.complete and wrong.results.get(test) is TestStatus.PASSED}
    failed = tuple(test for test in passed if test not in kept)
    if not failed:
        return Trial(refused="unnoticed")
    return Trial(failed=failed, passed=tuple(test for test in passed if test in kept)[:_MOST_KEPT])
