"""Knows about one graded task: its test files, its own solution, and the backend that runs its tests."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from codegym.failure import FailureKind
from codegym.grade.form.text_checks import language
from codegym.grade.protected import is_protected
from codegym.harness.cache import run_key, workspace_digest
from codegym.harness.result import TestRun
from codegym.patch import PatchError, apply_patch
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Backend, Changes, File, Sandbox
from codegym.suite import Suite
from codegym.syntax import parse_module
from codegym.task import Task
from codegym.tree import read_tree

_DISK_FULL = "No space left on device"
_ROOTS = ("", "src/", "lib/", "python/")
"""Folders from which tests import modules."""


@dataclass(frozen=True)
class Subject:
    """One task of a suite, and the backend that runs its tests."""

    suite: Suite
    task: Task
    backend: Backend

    @cached_property
    def hidden(self) -> dict[str, File]:
        """The files that are laid over the tree last."""
        return self.suite.hidden(self.task)

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """The deciding tests, each once."""
        return self.task.tests.deciding

    def key(self, changes: Changes) -> str:
        """Return the cache key for a grade of the tree with ``changes``."""
        digest = workspace_digest(self.suite.tree(self.task).digest, changes)
        image = self.task.image
        return run_key(digest, self.task.tests, self.tests, image, image_digest(image), purpose="grade")

    def open(self) -> Sandbox:
        """Open a fresh box on the pristine tree."""
        return self.backend.open(self.suite.tree(self.task), self.task.image, self.task.limits)

    @cached_property
    def gold(self) -> Changes | None:
        """The changes of the task's own solution; ``None`` if there is none or it does not apply."""
        if not self.task.gold_patch:
            return None
        try:
            changes = apply_patch(self.task.gold_patch, lambda path: self.suite.base_file(self.task, path))
        except PatchError:
            return None
        return {p: f for p, f in changes.items() if not is_protected(p, self.task.tests, self.hidden)}

    @cached_property
    def deciding_files(self) -> dict[str, File]:
        """The files of the deciding tests, by path.

        Under pytest these are the files that the test ids name. Under other frameworks the ids name no file; then
        these are all protected files of a language with known checks.
        """
        if self.task.tests.framework == "pytest":
            paths = dict.fromkeys(test.partition("::")[0] for test in self.tests)
            files = {path: self.original_file(path) for path in paths}
            return {path: file for path, file in files.items() if file is not None and file.link is None}
        return {path: file for path, file in self._protected_files() if language(path) or path.endswith(".py")}

    @cached_property
    def helper_files(self) -> dict[str, File]:
        """The other protected Python files, by path: they may have helpers and fixtures with checks."""
        files = {path: file for path, file in self._protected_files() if path.endswith(".py")}
        return {path: file for path, file in files.items() if path not in self.deciding_files}

    def shadowing_paths(self, changes: Changes) -> frozenset[str]:
        """Return the paths in ``changes`` that would be imported in place of a standard module of the tests.

        A name that the tree or the gold patch uses for a module is the task's own, and shadows nothing.
        """
        shadowing = {path: name for path in changes if (name := _standard_module(path)) in self._standard_imports}
        gold_names = {_standard_module(path) for path in (self.gold or {})}
        own = {name for name in set(shadowing.values()) if name in gold_names or self._has_module(name)}
        return frozenset(path for path, name in shadowing.items() if name not in own)

    @cached_property
    def _standard_imports(self) -> frozenset[str]:
        """The standard modules that the deciding tests import."""
        files = self.deciding_files if self.task.tests.framework == "pytest" else {}
        names = {name for file in files.values() for name in _imports(file.content)}
        return frozenset(names & set(sys.stdlib_module_names))

    def _has_module(self, name: str) -> bool:
        """Return whether the task's tree has a module ``name`` at the top of a folder of sources."""
        places = [f"{root}{name}{end}" for root in _ROOTS for end in (".py", "/__init__.py")]
        return any(self.suite.base_file(self.task, place) is not None for place in places)

    def original_file(self, path: str) -> File | None:
        """Return the file at ``path`` during tests without a patch: the hidden one, or the tree's; or ``None``."""
        return self.hidden.get(path) or self.suite.base_file(self.task, path)

    def _protected_files(self) -> Iterator[tuple[str, File]]:
        """Yield the hidden files and the tree's protected files with their paths, sorted, without links."""
        layers = reversed(self.suite.tree(self.task).layers)
        files = {path: file for layer in layers for path, file in read_tree(layer).items()} | self.hidden
        for path, file in sorted(files.items()):
            if file.link is None and (path in self.hidden or is_protected(path, self.task.tests)):
                yield path, file


def failure_kind(run: TestRun) -> FailureKind | None:
    """Return what failed in a run that did not end in order; ``None`` if it did."""
    if run.oom:
        return FailureKind.MEMORY
    if run.timed_out:
        return FailureKind.TEST_TIMEOUT if run.started else FailureKind.SETUP_TIMEOUT
    if _DISK_FULL in run.output or any(_DISK_FULL in why for why in run.failures.values()):
        return FailureKind.DISK
    if run.complete:
        return None
    return FailureKind.UNREADABLE if run.started else FailureKind.NOT_STARTED


def _standard_module(path: str) -> str:
    """Return the standard module in whose place the file at ``path`` would be imported; empty if there is none."""
    for root in _ROOTS:
        inner = PurePosixPath(path[len(root) :]) if path.startswith(root) else None
        if inner is not None and inner.suffix in (".py", ".so", ".pyi") and len(inner.parts) <= 2:
            name = inner.parts[0].partition(".")[0]
            if name in sys.stdlib_module_names:
                return name
    return ""


def _imports(content: bytes) -> Iterator[str]:
    """Yield the top-level names of the modules that a Python file imports; nothing if it can't be parsed."""
    try:
        tree = parse_module(content)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
