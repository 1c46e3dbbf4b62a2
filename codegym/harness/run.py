"""Runs tests with any framework: the same arguments, the same kind of result."""

from __future__ import annotations

from collections.abc import Sequence

from codegym.harness.codes import Codes
from codegym.harness.framework.javascript import run_javascript
from codegym.harness.framework.javascript_command import parse_command
from codegym.harness.framework.node import run_node
from codegym.harness.framework.pytest import Question, run_pytest
from codegym.harness.framework.tap_program import run_tap
from codegym.harness.result import TestRun
from codegym.harness.warm import run_pytest_prepared, run_pytest_warm
from codegym.sandbox.protocol import Sandbox
from codegym.task import TestPlan


def run_tests(
    box: Sandbox,
    plan: TestPlan,
    ids: Sequence[str] = (),
    *,
    timeout: float,
    warm: bool = False,
    prepared: bool = False,
    codes: Codes | None = None,
) -> TestRun:
    """Run the tests ``ids`` in ``box`` (none: all tests) for at most ``timeout`` seconds.

    ``warm`` allows a server in the box that has imported pytest already, if the box supports one. It is quicker,
    with the same results, but not for a grader: an agent's commands may have run in the box. ``prepared`` means
    that the server was started before anything else (:func:`~codegym.harness.warm.prepare`); a grader can use it.
    ``codes`` (:func:`~codegym.harness.codes.codes_of`) are compiled modules that boxes with the same source share.

    Raises :class:`~codegym.errors.SandboxError` if the box fails; failing tests are a result.
    """
    if plan.framework == "tap":
        return run_tap(box, plan, ids, timeout)
    if plan.framework == "node":
        command = parse_command(plan.command)
        return run_javascript(box, command, ids, timeout) if command else run_node(box, plan, ids, timeout)
    question = Question(plan, tuple(ids), timeout, codes)
    if prepared:
        return run_pytest_prepared(box, question)
    served = run_pytest_warm(box, question) if warm else None
    return served or run_pytest(box, question)
