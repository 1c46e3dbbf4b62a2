"""Tasks from a repository's past: make the change of a commit, starting from its parent.

What the commit changes in tests, and in other files that no patch may touch, is hidden and laid over the tree for
grading. What it changes in the source is the gold patch. The box gets the parent's files and no history.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.errors import SandboxError
from codegym.foundry.certify.repeat import apply_changes
from codegym.foundry.describe.change import HostIssue, change_text
from codegym.foundry.describe.underspecified import unspecified
from codegym.foundry.draft.in_threads import Admission, AdmitAll, TrialCounts, Try, try_in_threads
from codegym.foundry.draft.setup import Resources
from codegym.foundry.draft.trial import Trial
from codegym.foundry.forge.anchor import Anchors, difference
from codegym.foundry.forge.commit_image import CommitImages
from codegym.foundry.forge.make_task import TaskTemplate
from codegym.foundry.issue import change_request
from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.repository.git import Commit, History, changed_paths, commits
from codegym.foundry.repository.project import Project, is_test_path
from codegym.grade.protected import is_protected
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.patch import PatchError, make_patch
from codegym.sandbox.protocol import Backend, Changes, File, Sandbox, Tree
from codegym.task import PatchSource, Task
from codegym.tree import Files, store_tree

_MOST_COMMITS = 2000
"""Commits that are looked at, from the newest."""
_MOST_FILES = 20
"""Files that a commit may change; a larger one is rarely a single change."""
_FEWEST_WORDS = 4
"""Words that a message needs to describe a change."""
_MOST_GUARDS = 60
"""Pass-to-pass tests of one task."""
_MOST_VISIBLE = 10
"""Pass-to-pass tests that the agent's test tool runs."""
_MOST_NAMED = 5
"""Names that a refusal lists."""
_IMPORT_ERROR = re.compile(r"\b(?:ModuleNotFoundError|ImportError): [^\n]{1,200}")


@dataclass(frozen=True)
class CommitTrials:
    """A repository's history, and how its commits are tried. One run of tests may take ``seconds``.

    ``issues`` are those of the git host, by number, if they are at hand.
    """

    history: History
    template: TaskTemplate
    anchors: Anchors
    images: CommitImages
    backend: Backend
    seconds: float
    issues: Mapping[int, HostIssue]


@dataclass(frozen=True)
class _Change:
    """What a commit changes, in two parts: ``gold`` is for the agent to do, ``hidden`` is laid over for grading.

    ``before`` are the files of the commit's parent.
    """

    before: Files
    gold: Changes
    hidden: Changes

    @property
    def hidden_files(self) -> dict[str, File]:
        """The hidden files that the commit adds or changes."""
        return {path: file for path, file in self.hidden.items() if file is not None}

    @property
    def after(self) -> Files:
        """The files with the whole change."""
        changed = {**self.before, **self.gold, **self.hidden}
        return {path: file for path, file in changed.items() if file is not None}


def try_commits(
    trials: CommitTrials, *, resources: Resources, most: int, deadline: float
) -> tuple[list[Task], TrialCounts]:
    """Try commits from the newest on until ``most`` of them make a task or ``deadline`` (monotonic) has passed.

    Only commits that change source and tests are tried. Returns the tasks, sorted by id, and the counts.
    """

    def attempt(commit: Commit) -> Task | str:
        return _try_commit(trials, commit)

    def open_worker() -> nullcontext[Try[Commit, Task]]:
        return nullcontext(attempt)

    admission: Admission[Commit, Task] = AdmitAll()
    succeeded, counts = try_in_threads(
        _promising(trials),
        open_worker,
        admission,
        resources=resources,
        label="history",
        most=most,
        deadline=deadline,
    )
    return sorted((task for _, task in succeeded), key=lambda task: task.id), counts


def _promising(trials: CommitTrials) -> Iterator[Commit]:
    """Yield the commits that change source and tests, and few files in all, newest first."""
    project, folder = trials.template.project, trials.history.folder
    for commit in commits(folder, _MOST_COMMITS):
        paths = changed_paths(folder, commit)
        source = [path for path in paths if path.endswith(project.suffixes) and not _is_hidden(project, path)]
        tests = [path for path in paths if is_test_path(path)]
        if source and tests and len(paths) <= _MOST_FILES:
            yield commit


def _is_hidden(project: Project, path: str) -> bool:
    return is_protected(path, project.plan) or is_test_path(path)


def _try_commit(trials: CommitTrials, commit: Commit) -> Task | str:
    """Return a commit's task, or the reason why it makes none."""
    change = _change(trials, commit)
    text = _text(trials, commit, change)
    if why := _why_unclear(text, change):
        return why
    equipment = trials.images.equipment(change.after)
    if isinstance(equipment, str):
        return equipment
    try:
        right, wrong = _run_both(trials, change, equipment.project)
    except (SandboxError, OSError):
        return "the box failed"
    trial = _trial(right, wrong)
    if trial.refused:
        return _reason(trial.refused, right, equipment.missing)
    try:
        return _task(trials, commit, change, trial, text=text, project=equipment.project)
    except PatchError:
        return "no patch can hold it"


def _why_unclear(text: str, change: _Change) -> str:
    """Return why ``text`` and the files before the change do not say what it has to be; empty if they do."""
    if len(text.split()) < _FEWEST_WORDS:
        return "its message says too little"
    missing = unspecified(text, change.before, change.hidden_files)
    more = ", …" if len(missing) > _MOST_NAMED else ""
    return f"underspecified: {', '.join(missing[:_MOST_NAMED])}{more}" if missing else ""


def _change(trials: CommitTrials, commit: Commit) -> _Change:
    project = trials.template.project
    before, after = (project.complete(trials.history.files(name)) for name in (commit.parent, commit.id))
    _, changes = difference(before, after)
    return _Change(
        before=before,
        gold={path: file for path, file in changes.items() if not _is_hidden(project, path)},
        hidden={path: file for path, file in changes.items() if _is_hidden(project, path) and file is not None},
    )


def _text(trials: CommitTrials, commit: Commit, change: _Change) -> str:
    """Return what the commit is about, without lines that name hidden test files."""
    paths = [path for path in change.hidden if is_test_path(path)]
    return change_text(commit.message, trials.issues, [*paths, *(path.rpartition("/")[2] for path in paths)])


def _reason(refused: str, right: TestRun, missing: Sequence[str]) -> str:
    """Return why a commit is refused, with the import that failed and what could not be installed."""
    texts = [*right.failures.values(), right.output]
    error = next((match[0] for text in texts if (match := _IMPORT_ERROR.search(text))), "")
    lacking = f"could not be installed: {', '.join(missing)}" if missing else ""
    details = "; ".join(filter(None, [error, lacking])) if refused in ("no test passes", "disorder") else ""
    return f"{refused}: {details}" if details else refused


def _run_both(trials: CommitTrials, change: _Change, project: Project) -> tuple[TestRun, TestRun]:
    """Run the commit's tests with its own source, then with its parent's."""
    solved = change.after
    undone = {path: change.before.get(path) for path in change.gold}
    tree = store_tree(solved)
    with trials.backend.open(Tree((tree,), tree.name), project.image, FORGE_LIMITS) as box:
        right = _run(trials, box, project, solved, sorted(change.hidden))
        apply_changes(box, {path: file for path, file in undone.items() if file is not None or path in solved})
        wrong = _run(trials, box, project, solved, sorted(change.hidden))
    return right, wrong


def _run(trials: CommitTrials, box: Sandbox, project: Project, files: Files, tests: list[str]) -> TestRun:
    """Run the test files among ``tests``, or all of ``files`` if there is none; other frameworks run all."""
    plan = project.plan
    if plan.framework == "pytest":
        chosen = [path for path in tests if project.is_test_file(path)] or list(project.test_files(files))
        plan = plan.model_copy(update={"command": " ".join([plan.command, *chosen])})
    return run_tests(box, plan, timeout=trials.seconds, warm=True)


def _task(
    trials: CommitTrials, commit: Commit, change: _Change, trial: Trial, *, text: str, project: Project
) -> Task:
    template = trials.template
    source, setup = trials.anchors.source_of(change.before)
    old = {path: change.before[path] for path in {*change.gold, *change.hidden} if path in change.before}
    patch = make_patch({path: file for path, file in old.items() if path in change.gold}, change.gold)
    hidden = make_patch({path: file for path, file in old.items() if path in change.hidden}, change.hidden)
    lines = sum(line[:1] in "+-" for line in patch.splitlines() if line[:3] not in ("+++", "---"))
    tests = {
        "fail_to_pass": trial.failed,
        "pass_to_pass": trial.passed,
        "visible": trial.passed[:_MOST_VISIBLE] if project.plan.framework == "pytest" else (),
        "hidden": PatchSource(patch=hidden),
    }
    facts = {
        "version": commit.parent[:12],
        "files": sorted(change.gold),
        "gold_lines": lines,
        "fail_to_pass": len(trial.failed),
        "hidden": True,
    }
    return Task(
        id=template.task_id(digest_json(["history", commit.id])),
        instruction=change_request(text),
        source=source,
        tests=project.plan.model_copy(update=tests),
        image=project.image,
        setup_patch=setup,
        gold_patch=patch,
        limits=template.limits,
        metadata=template.metadata("history", lines + 6.0 * (len(change.gold) - 1)) | facts,
    )


def _trial(right: TestRun, wrong: TestRun) -> Trial:
    """Return the tests that pass with the commit and not before it, and those that pass either way."""
    if right.timed_out or right.oom or wrong.timed_out or wrong.oom:
        return Trial(refused="timeout" if right.timed_out or wrong.timed_out else "memory")
    passed = [test for test, status in right.results.items() if status is TestStatus.PASSED]
    if not right.complete or not passed:
        return Trial(refused="disorder" if not right.complete else "no test passes")
    guards = {test for test in passed if wrong.complete and wrong.results.get(test) is TestStatus.PASSED}
    failed = tuple(test for test in passed if test not in guards)
    if not failed:
        return Trial(refused="unnoticed")
    return Trial(failed=failed, passed=tuple(test for test in passed if test in guards)[:_MOST_GUARDS])
