"""The parts of a task that depend on what is hidden: its patches, and the tests that the agent runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from codegym.foundry.holdout.hidden import Hidden
from codegym.patch import make_patch
from codegym.sandbox.protocol import Changes, File
from codegym.task import PatchSource
from codegym.tree import Files

_VISIBLE = 3
"""Tests of each kind, failing and passing, that the agent's test tool runs."""


class TaskPatches(NamedTuple):
    """A task's patches: to the agent's tree, from there to a solution, and what grading lays over the tree."""

    setup: str
    gold: str
    hidden: PatchSource | None


def task_patches(files: Files, buggy: Mapping[str, File], hidden: Hidden) -> TaskPatches:
    """Return the patches of the task in which ``files`` have ``buggy`` files and lack ``hidden`` tests."""
    original = {path: files[path] for path in buggy}
    changes: Changes = {**buggy, **hidden.visible_files(files)}
    setup = make_patch({path: files[path] for path in changes}, changes)
    return TaskPatches(setup, make_patch(buggy, dict(original)), hidden.overlay(files))


def listed_tests(failed: Iterable[str], passed: Iterable[str], hidden: Hidden) -> tuple[str, ...]:
    """Return the tests that the agent's test tool runs: some that fail, some that pass, none hidden."""
    kinds = [[test for test in tests if not hidden.contains(test)] for tests in (failed, passed)]
    return (*kinds[0][:_VISIBLE], *kinds[1][:_VISIBLE])
