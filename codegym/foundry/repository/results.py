"""Finds out how a command reports its tests, by running it once: in TAP, in automake's lines, or by exit codes."""

from __future__ import annotations

from dataclasses import replace

from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.repository.project import Project
from codegym.harness.exit_code import (
    automake_command,
    exit_codes_command,
    parts,
    prints_automake,
    prints_exit_codes,
    read_automake,
)
from codegym.harness.framework.tap import read_tap
from codegym.harness.junit import prints_junit
from codegym.sandbox.protocol import Backend, Tree

_FEWEST_PARTS = 2
"""A command of one part would be one test, which a task needs besides the tests that still pass."""


def with_results(project: Project, tree: Tree, backend: Backend, seconds: float) -> Project:
    """Return ``project`` with a plan that says how its command reports.

    Only a command that prints no TAP is changed. It may run for ``seconds``.
    """
    command = project.plan.command
    if project.plan.framework != "tap" or _is_known(command):
        return project
    with backend.open(tree, project.image, FORGE_LIMITS) as box:
        result = box.exec(command, timeout=seconds)
    if read_tap(result.stdout).count or result.timed_out:
        return project
    if read_automake(result.stdout).count:
        command = automake_command(command)
    elif len(parts(command)) >= _FEWEST_PARTS:
        command = exit_codes_command(command)
    return replace(project, plan=project.plan.model_copy(update={"command": command}))


def _is_known(command: str) -> bool:
    return prints_junit(command) or prints_automake(command) or prints_exit_codes(command)
