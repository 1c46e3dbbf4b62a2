"""Runs a test program that prints TAP: for C, and for anything else that a command can build and run.

The command may print JUnit reports instead (:mod:`codegym.harness.junit`).

The program that prints the results contains the agent's code as well, so its report is weaker evidence than
pytest's. It must be complete (see :mod:`codegym.harness.framework.tap`) and agree with the exit code; more can't
be checked.
"""

from __future__ import annotations

from collections.abc import Sequence

from codegym.episode import TestStatus
from codegym.harness.framework.tap import TapReport, read_tap
from codegym.harness.junit import prints_junit, read_junit, report_text
from codegym.harness.result import TestRun
from codegym.harness.text import brief, output_excerpt
from codegym.sandbox.protocol import ExecResult, Sandbox
from codegym.task import TestPlan


def run_tap(box: Sandbox, plan: TestPlan, ids: Sequence[str], timeout: float) -> TestRun:
    """Run ``plan.command`` and keep the results of ``ids`` (none: all results)."""
    result = box.exec(plan.command, timeout=timeout)
    junit = prints_junit(plan.command)
    report = read_junit(result.stdout) if junit else read_tap(result.stdout)
    requested = set(ids)
    results = {name: status for name, status in report.results.items() if not ids or name in requested}
    failed = [name for name, status in results.items() if status is TestStatus.FAILED]
    return TestRun(
        results=results,
        complete=not (report.wrong or result.timed_out or result.oom or result.truncated)
        and _agrees(result, report),
        started=report.count > 0,
        output=output_excerpt(_output(report_text(report) if junit else result.stdout, result.stderr, report)),
        failures={name: brief("\n".join(report.notes.get(name, ["not ok"]))) for name in failed},
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        oom=result.oom,
        seconds=result.seconds,
    )


def _agrees(result: ExecResult, report: TapReport) -> bool:
    failed = TestStatus.FAILED in report.results.values()
    return result.exit_code == 0 or (failed and result.exit_code > 0)


def _output(stdout: str, stderr: str, report: TapReport) -> str:
    wrong = [f"# incomplete: {why}" for why in report.wrong]
    return "\n".join([stdout.rstrip("\n"), stderr.rstrip("\n"), *wrong]).strip("\n")
