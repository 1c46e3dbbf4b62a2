"""Test commands whose programs print no TAP: each test is a program, and its exit code is its result.

There are two kinds. Automake's ``make check`` prints a line for each program (``PASS: tests/ring``). Any other
command is divided at ``&&``, and each part is a test that is named by its text: ``make && ./ring-test``.
"""

from __future__ import annotations

import re
import shlex

from codegym.episode import TestStatus
from codegym.harness.framework.tap import TapReport

_AUTOMAKE = "  # results: automake's"
_RUN = 'each() { sh -c "$1" >&2; echo "$? $1"; }; '
_LINE = re.compile(r"(PASS|FAIL|XFAIL|XPASS|SKIP|ERROR): (\S.*?)\s*")
_TOTAL = re.compile(r"# TOTAL: +([0-9]{1,9})")
_STATUS = {
    "PASS": TestStatus.PASSED,
    "XFAIL": TestStatus.SKIPPED,
    "SKIP": TestStatus.SKIPPED,
    "FAIL": TestStatus.FAILED,
    "XPASS": TestStatus.FAILED,
    "ERROR": TestStatus.FAILED,
}


def automake_command(command: str) -> str:
    """Return ``command`` with a remark that its results are automake's lines."""
    return command + _AUTOMAKE


def prints_automake(command: str) -> bool:
    """Return whether a plan's command was made by :func:`automake_command`."""
    return command.endswith(_AUTOMAKE)


def read_automake(text: str) -> TapReport:
    """Read automake's line for each test. The report is complete if there are as many as its summary says."""
    report, totals = TapReport(), list[int]()
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            _add(report, match[2], _STATUS[match[1]])
        elif total := _TOTAL.fullmatch(line):
            totals.append(int(total[1]))
    if totals and sum(totals) != report.count:
        report.wrong.append(f"{sum(totals)} tests were counted, {report.count} seen")
    return _checked(report)


def exit_codes_command(command: str) -> str:
    """Return a shell command that runs each part of ``command`` and prints its exit code.

    Every part is run, even if one before it fails.
    """
    return _RUN + "; ".join(f"each {shlex.quote(part)}" for part in parts(command))


def parts(command: str) -> list[str]:
    """Return the parts of a command that are joined by ``&&``."""
    return [part.strip() for part in command.split("&&") if part.strip()]


def prints_exit_codes(command: str) -> bool:
    """Return whether a plan's command was made by :func:`exit_codes_command`."""
    return command.startswith(_RUN)


def read_exit_codes(text: str) -> TapReport:
    """Read the line for each part of a command. A test's id is the text of its part."""
    report = TapReport()
    for line in text.splitlines():
        code, _, name = line.partition(" ")
        if not code.isdigit() or not name:
            report.wrong.append(f"{line!r} is no exit code and part of the command")
            continue
        _add(report, name, TestStatus.PASSED if code == "0" else TestStatus.FAILED)
        if code != "0":
            report.notes[name] = [f"exit code {code}"]
    return _checked(report)


def _add(report: TapReport, name: str, status: TestStatus) -> None:
    report.count += 1
    if name in report.results:
        report.wrong.append(f"test {name!r} was seen twice")
    report.results[name] = status


def _checked(report: TapReport) -> TapReport:
    if not report.count:
        report.wrong.append("no test was reported")
    return report
