"""Running a test program that prints TAP: for C, and for anything else that can be built and run by a command.

The command may print JUnit reports instead (:mod:`codegym.harness.junit`).

The program that prints the results holds the agent's code as well, so its word is weaker than pytest's: the
report must be whole (see :mod:`codegym.harness.framework.tap`) and agree with the exit code, no more can be known.
"""

from __future__ import annotations

from collections.abc import Sequence

from codegym.episode import TestStatus
from codegym.harness.framework.tap import TapReport, read_tap
from codegym.harness.junit import prints_junit, read_junit, told
from codegym.harness.result import TestRun
from codegym.harness.text import brief, shown
from codegym.sandbox.protocol import ExecResult, Sandbox
from codegym.task import TestPlan


def run_tap(box: Sandbox, plan: TestPlan, ids: Sequence[str], timeout: float) -> TestRun:
    """Run ``plan.command``; of all that it reports, keep ``ids`` (none: everything)."""
    done = box.exec(plan.command, timeout=timeout)
    junit = prints_junit(plan.command)
    report = read_junit(done.stdout) if junit else read_tap(done.stdout)
    wanted = set(ids)
    results = {name: status for name, status in report.results.items() if not ids or name in wanted}
    failed = [name for name, status in results.items() if status is TestStatus.FAILED]
    return TestRun(
        results=results,
        complete=not (report.wrong or done.timed_out or done.oom or done.truncated) and _agrees(done, report),
        started=report.count > 0,
        output=shown(_output(told(report) if junit else done.stdout, done.stderr, report)),
        failures={name: brief("\n".join(report.notes.get(name, ["not ok"]))) for name in failed},
        exit_code=done.exit_code,
        timed_out=done.timed_out,
        oom=done.oom,
        seconds=done.seconds,
    )


def _agrees(done: ExecResult, report: TapReport) -> bool:
    failed = TestStatus.FAILED in report.results.values()
    return done.exit_code == 0 or (failed and done.exit_code > 0)


def _output(stdout: str, stderr: str, report: TapReport) -> str:
    wrong = [f"# incomplete: {why}" for why in report.wrong]
    return "\n".join([stdout.rstrip("\n"), stderr.rstrip("\n"), *wrong]).strip("\n")
