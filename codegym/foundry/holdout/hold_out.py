"""Holds tests of a draft out of the agent's tree, and checks in a box that the tests left there still pass."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from codegym.errors import TaskError
from codegym.foundry.holdout.choose import Units, all_functions, choices
from codegym.foundry.holdout.hidden import Hidden
from codegym.foundry.holdout.run_changed import run_changed
from codegym.foundry.holdout.unit import file_of
from codegym.sandbox.protocol import File, Sandbox
from codegym.task import TestPlan
from codegym.tree import Files

NOTHING = "no test can be hidden"
"""Why a draft is refused all of whose failing tests would be in the agent's tree."""
_TRIED = 4
"""Choices of what to hold out that are tried for one draft."""


@dataclass(frozen=True)
class OpenProject:
    """A project without any bug in a ``box``; ``tests`` are the tests that pass in it."""

    box: Sandbox
    plan: TestPlan
    files: Files
    tests: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Noticed:
    """The tests that a draft breaks, some that it does not break, and the draft's key.

    ``is_described`` is true if the instruction says what is missing, so that no failing test has to be visible.
    """

    failed: Sequence[str]
    passed: Sequence[str]
    key: str
    is_described: bool


def hold_out(opened: OpenProject, noticed: Noticed) -> Hidden:
    """Return what to hide of a draft's failing tests; nothing if it can't be or if too little would be left."""
    if opened.plan.framework != "pytest":
        return Hidden()
    proposals = [*choices(opened.files, noticed.failed, noticed.passed, noticed.key)][:_TRIED]
    if noticed.is_described or len(noticed.failed) > 1:
        proposals.append(all_functions(opened.files, noticed.failed))
    for units in proposals:
        if units and _visible_tests_pass(opened, units):
            return Hidden(units=units)
    return Hidden()


def _visible_tests_pass(opened: OpenProject, units: Units) -> bool:
    """Return whether the tests that stay in the agent's tree pass under gold.

    The files are run that changed, and those that mention a removed file.
    """
    hidden = Hidden(units=units)
    try:
        changes = hidden.visible_files(opened.files)
    except TaskError:
        return False
    removed = [path for path, file in changes.items() if file is None]
    paths = [path for path, file in changes.items() if file is not None]
    others = [path for path in _test_paths(opened) if path not in changes]
    paths += [path for path in others if _mentions_any(opened.files[path], removed)]
    expected = tuple(test for test in opened.tests if file_of(test) in {*paths} and not hidden.contains(test))
    if not expected:
        return True
    plan = opened.plan.model_copy(update={"command": " ".join([opened.plan.command, *map(shlex.quote, paths)])})
    run = run_changed(opened.box, plan, opened.files, changes, tests=(), seconds=opened.seconds)
    return run.passed(expected)


def _test_paths(opened: OpenProject) -> list[str]:
    return sorted({file_of(test) for test in opened.tests} & {*opened.files})


def _mentions_any(file: File, modules: Sequence[str]) -> bool:
    """Return whether a test file contains the name of one of the files ``modules``, and may import it."""
    return any(posixpath.basename(path).removesuffix(".py").encode() in file.content for path in modules)
