"""Holds tests of a draft out of the agent's tree, and checks in a box that the tests left there still pass."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from codegym.errors import TaskError
from codegym.foundry.holdout.characterise import MadeTests, characterise
from codegym.foundry.holdout.choose import Units, all_functions, choices
from codegym.foundry.holdout.hidden import Hidden
from codegym.foundry.holdout.open_project import Noticed, OpenProject
from codegym.foundry.holdout.run_changed import run_changed
from codegym.foundry.holdout.unit import file_of
from codegym.sandbox.protocol import File

NOTHING = "no test can be hidden"
"""Why a draft is refused all of whose failing tests would be in the agent's tree."""
_TRIED = 4
"""Choices of what to hold out that are tried for one draft."""


class HoldOut(NamedTuple):
    """What is hidden of a draft's tests, and the tests that were made for it, if any."""

    hidden: Hidden
    made_tests: MadeTests | None = None


def hold_out(opened: OpenProject, noticed: Noticed) -> HoldOut:
    """Return what to hide of a draft's failing tests; nothing if that is not possible.

    Further tests are made wherever that is possible: what held-out tests ask for may stand in the agent's tree all
    the same, such as in a table that other tests use. Some failing tests stay visible where there are enough, or
    where further tests can be made. Raises :class:`~codegym.errors.SandboxError` if the box fails.
    """
    if opened.plan.framework == "tap":
        return HoldOut(Hidden())
    proposals = islice(choices(opened.files, noticed.failed, noticed.passed, noticed.key), _TRIED)
    hidden = _first_sound(opened, proposals)
    if opened.plan.framework == "pytest":
        made_tests = characterise(opened, noticed)
        if made_tests is not None:
            texts = {made_tests.path: made_tests.text}
            return HoldOut(Hidden(units=hidden.units, new_files=texts), made_tests)
    if not hidden and (noticed.is_described or len(noticed.failed) > 1):
        hidden = _first_sound(opened, [all_functions(opened.files, noticed.failed)])
    return HoldOut(hidden)


def _first_sound(opened: OpenProject, proposals: Iterable[Units]) -> Hidden:
    units = next((units for units in proposals if units and visible_tests_pass(opened, units)), ())
    return Hidden(units=units)


def visible_tests_pass(opened: OpenProject, units: Units) -> bool:
    """Return whether the tests that stay in the agent's tree pass under gold.

    Under pytest the files are run that changed, and those that mention a removed file.
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
    plan, expected = opened.plan, [test for test in opened.tests if not hidden.contains(test)]
    if plan.framework == "pytest":
        expected = [test for test in expected if file_of(test) in {*paths}]
        plan = plan.model_copy(update={"command": " ".join([plan.command, *map(shlex.quote, paths)])})
    if not expected:
        return plan.framework == "pytest"
    run = run_changed(opened.box, plan, opened.files, changes, tests=(), seconds=opened.seconds)
    return run.passed(tuple(expected))


def _test_paths(opened: OpenProject) -> list[str]:
    return sorted({file_of(test) for test in opened.tests} & {*opened.files})


def _mentions_any(file: File, modules: Sequence[str]) -> bool:
    """Return whether a test file contains the name of one of the files ``modules``, and may import it."""
    return any(posixpath.basename(path).removesuffix(".py").encode() in file.content for path in modules)
