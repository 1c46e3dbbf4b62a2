"""The one way to run tests: whatever the framework, the same question and the same kind of answer."""

from __future__ import annotations

from collections.abc import Sequence

from codegym.harness.codes import Codes
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
    """Run the tests ``ids`` in ``box`` (none: all that are found) for at most ``timeout`` seconds.

    ``warm`` lets pytest be served by a process that was started in this box and has imported pytest already,
    where the box can hold one. It is quicker, with the same results; a box in which an agent's commands have
    run can't be trusted to serve a grader that way. ``prepared`` says that pytest was started in the box before
    anything else (:func:`~codegym.harness.warm.prepare`), which serves a grader as well. ``codes``
    (:func:`~codegym.harness.codes.codes_of`) are modules that were compiled once for all boxes with one source.

    Raises :class:`~codegym.errors.SandboxError` if the box fails; what the tests do is a result.
    """
    if plan.framework == "tap":
        return run_tap(box, plan, ids, timeout)
    if plan.framework == "node":
        return run_node(box, plan, ids, timeout)
    question = Question(plan, tuple(ids), timeout, codes)
    if prepared:
        return run_pytest_prepared(box, question)
    served = run_pytest_warm(box, question) if warm else None
    return served or run_pytest(box, question)
