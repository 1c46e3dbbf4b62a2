"""One task in numbers: its kind, what it is about, and how large its patch, functions and tests are."""

from __future__ import annotations

from pathlib import Path

from codegym.certificate import TaskCertificate
from codegym.difficulty import Difficulty
from codegym.errors import TaskError
from codegym.inspection.functions import changed_functions
from codegym.patch import PatchError, apply_patch, changed_lines
from codegym.sandbox.protocol import File
from codegym.source import source_tree
from codegym.suite import Suite
from codegym.task import Frozen, Task
from codegym.tree import file_at


class TaskFacts(Frozen):
    """A task's numbers.

    ``group`` is where the task is from: the package, the repository or the family of generated programs, otherwise
    the task itself. ``functions`` are those that the gold patch changes, as ``path: name``, and
    ``function_lines`` the lines of all of them in the solution; ``None`` if the source is not on this machine.
    ``patch_lines`` counts the lines that the gold patch adds and removes. ``visible`` tests are those that the
    agent's test tool runs (``None``: all in its tree); ``hidden`` ones decide and are not among them. ``unproven``
    is ``None`` without a certificate.
    """

    task: str
    split: str
    group: str
    language: str
    kind: str
    functions: tuple[str, ...]
    patch_lines: int
    function_lines: int | None
    deciding: int
    fail_to_pass: int
    visible: int | None
    hidden: int
    unproven: int | None
    difficulty: str
    attempts: int
    solved: int
    ci95: tuple[float, float] | None


def facts_of(suite: Suite, task: Task, certificate: TaskCertificate | None, difficulty: Difficulty) -> TaskFacts:
    """Return a task's numbers. They depend on its files, as far as those are on this machine."""
    functions = functions_changed(suite, task)
    visible = {*task.tests.visible}
    return TaskFacts(
        task=task.id,
        split=suite.split_of(task.id),
        group=group_of(task),
        language=str(task.metadata.get("language", "")),
        kind=kind_of(task),
        functions=tuple(f"{path}: {name}" for path, name in functions or {}) or _named_functions(task),
        patch_lines=len(changed_lines(task.gold_patch)),
        function_lines=sum(functions.values()) if functions else None,
        deciding=len(task.tests.deciding),
        fail_to_pass=len(task.tests.fail_to_pass),
        visible=len(visible) if visible else None,
        hidden=sum(test not in visible for test in task.tests.deciding) if visible else 0,
        unproven=len(certificate.unproven) if certificate else None,
        difficulty=difficulty.level.value,
        attempts=difficulty.attempts,
        solved=difficulty.solved,
        ci95=difficulty.interval,
    )


def kind_of(task: Task) -> str:
    """Return how a task was made: its origin and operator, or what its author wrote; otherwise ``other``."""
    metadata = task.metadata
    origin, detail = (str(metadata.get(name) or "") for name in ("origin", "operator"))
    level = f"level {metadata['level']}" if metadata.get("level") else ""
    detail = detail or str(metadata.get("kind") or level)
    if "+" in detail:  # several slips: too many combinations to count
        detail = ""
    words = [word for word in (origin, detail) if word]
    return ": ".join(dict.fromkeys(words)) or str(metadata.get("format") or "other")


def group_of(task: Task) -> str:
    """Return the name of the package, the family or the repository that a task is from, otherwise its id."""
    metadata = task.metadata
    return str(metadata.get("package") or metadata.get("family") or metadata.get("repo") or task.id)


def functions_changed(suite: Suite, task: Task) -> dict[tuple[str, str], int] | None:
    """Map the functions that a task's gold patch changes to their lines; ``None`` if its source is not here."""
    try:
        after = solved_files(suite, task)
        return changed_functions(task.gold_patch, after)
    except (TaskError, PatchError):
        return None


def solved_files(suite: Suite, task: Task) -> dict[str, bytes]:
    """Return the files that the gold patch writes, by path. Raises :class:`TaskError` without the source."""
    before = files_before(suite, task)
    changes = apply_patch(task.gold_patch, before.get)
    return {path: file.content for path, file in changes.items() if file is not None}


class FilesBefore:
    """The files that the agent starts with, read one by one: few of a repository's are ever asked for."""

    def __init__(self, base: Path, setup_patch: str) -> None:
        self._base = base
        self._changed = apply_patch(setup_patch, lambda path: file_at(base, path)) if setup_patch else {}

    def get(self, path: str) -> File | None:
        """Return the file at ``path``; ``None`` if there is none."""
        return self._changed[path] if path in self._changed else file_at(self._base, path)


def files_before(suite: Suite, task: Task) -> FilesBefore:
    """Return the files that a task's agent starts with. Raises :class:`TaskError` or :class:`PatchError`."""
    return FilesBefore(source_tree(task.source, suite.root), task.setup_patch)


def _named_functions(task: Task) -> tuple[str, ...]:
    """Return the functions that the task's metadata names."""
    metadata = task.metadata
    if metadata.get("function"):
        return (f"{metadata.get('file', '')}: {metadata['function']}",)
    names = metadata.get("functions") or ()
    return tuple(map(str, names)) if isinstance(names, list | tuple) else ()
