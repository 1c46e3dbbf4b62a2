"""Runs a test program that prints TAP: for C, and for anything else that a command can build and run.

The command may print JUnit reports instead (:mod:`codegym.harness.junit`), or its programs may report nothing but
an exit code (:mod:`codegym.harness.exit_code`).

The program that prints the results contains the agent's code as well, so its report is weaker evidence than
pytest's. It must be complete (see :mod:`codegym.harness.framework.tap`) and agree with the exit code; more can't
be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codegym.episode import TestStatus
from codegym.harness.exit_code import prints_automake, prints_exit_codes, read_automake, read_exit_codes
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
    report = _reader(plan.command)(result.stdout)
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


def _reader(command: str) -> Callable[[str], TapReport]:
    if prints_junit(command):
        return read_junit
    if prints_automake(command):
        return read_automake
    return read_exit_codes if prints_exit_codes(command) else read_tap


def _agrees(result: ExecResult, report: TapReport) -> bool:
    failed = TestStatus.FAILED in report.results.values()
    return result.exit_code == 0 or (failed and result.exit_code > 0)


def _output(stdout: str, stderr: str, report: TapReport) -> str:
    wrong = [f"# incomplete: {why}" for why in report.wrong]
    return "\n".join([stdout.rstrip("\n"), stderr.rstrip("\n"), *wrong]).strip("\n")
