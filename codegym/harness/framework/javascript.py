"""Runs the tests of JavaScript's other runners in a box: jest, vitest, mocha, ava, tape, uvu, and plain scripts.

Each reports in its own way: jest and vitest in JSON, ava and tape in TAP, mocha through a reporter of ours; of uvu
and of scripts only the exit code is read, which makes one test per file. Ids are ``path::full name``, the names of
nested tests joined by `` > ``.

Unlike with ``node --test``, the process that reports has often run the code under test as well. So its report is
weaker evidence than pytest's: it must be complete and agree with the exit code, and forms of the tests show
whether it is made up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from codegym.episode import TestStatus
from codegym.harness.answer import check_started, parse_json
from codegym.harness.framework.javascript_command import JavaScriptCommand
from codegym.harness.framework.tap import read_tap
from codegym.harness.packed import UnreadableError, unpack
from codegym.harness.result import TestRun
from codegym.harness.text import brief, count, output_excerpt
from codegym.sandbox.protocol import WORKDIR, ExecResult, Sandbox

WHOLE_FILE = "whole file"
"""The name of the one test of a file whose runner reports nothing but an exit code."""
_WORST = (TestStatus.ERROR, TestStatus.FAILED, TestStatus.SKIPPED, TestStatus.PASSED)
_FAILED = (TestStatus.FAILED, TestStatus.ERROR)
_STATUS = {"passed": TestStatus.PASSED, "failed": TestStatus.FAILED}
_ERROR = re.compile(r"\w*Error\b")
_NOT_RUN = frozenset({"pending", "skipped", "todo", "disabled", "focused"})
_SECTIONS = ("tape",)
"""Runners in whose TAP a test is a section with several assertions."""
_TAP = ("ava", "tape")


@dataclass
class _Report:
    """What a runner reported. ``broken`` maps a file that broke off to the reason, ``wrong`` says why a report is
    not complete.
    """

    results: dict[str, TestStatus] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def add(self, test: str, status: TestStatus, why: str = "") -> None:
        """Add a test's result; of several with one id the worst counts."""
        self.results[test] = min(self.results.get(test, TestStatus.PASSED), status, key=_WORST.index)
        if status in _FAILED:
            self.failures.setdefault(test, brief(why))
            self.text.append(f"FAILED {test}\n{why[:3000]}\n")


@dataclass(frozen=True)
class _End:
    """How the process of one file ended: its exit code, its output, and its errors."""

    path: str
    code: int
    output: str
    errors: str

    @property
    def why(self) -> str:
        """What it complained of: from its first line with an error on."""
        lines = (self.errors or self.output).splitlines()
        first = next((n for n, line in enumerate(lines) if _ERROR.match(line)), 0)
        return "\n".join(lines[first:]) or f"exit code {self.code}"


def run_javascript(box: Sandbox, command: JavaScriptCommand, ids: Sequence[str], timeout: float) -> TestRun:
    """Run the files of ``ids`` by ``command`` and keep the results of ``ids`` (none: all tests)."""
    files = list(dict.fromkeys(test.partition("::")[0] for test in ids))
    result = box.exec(command.argv(files), timeout=timeout, stdin=command.stdin())
    report = _Report()
    if command.runner.each:
        _read_each(report, result.stdout, command.name)
    else:
        check_started(result, command.name)
        _read_whole(report, result)
    for test in ids:
        why = report.broken.get(test.partition("::")[0])
        if why and test not in report.results:
            report.add(test, TestStatus.ERROR, why)
    requested = set(ids)
    results = {test: status for test, status in report.results.items() if not ids or test in requested}
    return TestRun(
        results=results,
        complete=not (report.wrong or result.timed_out or result.oom or result.truncated),
        started=bool(report.results),
        output=output_excerpt(_output(report, results, result)),
        failures={test: why for test, why in report.failures.items() if test in results},
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        oom=result.oom,
        seconds=result.seconds,
    )


def _read_whole(report: _Report, result: ExecResult) -> None:
    """Read a report in jest's JSON, and check that it agrees with the exit code."""
    try:
        files = parse_json(unpack(result.stdout.strip()))["testResults"]
        for file in files:
            _read_file(report, file)
    except (UnreadableError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        report.wrong.append(f"the report can't be read: {error}")
        return
    failed = bool(report.broken) or any(status in _FAILED for status in report.results.values())
    if not report.results and not report.broken:
        report.wrong.append("no test was reported")
    if failed != (result.exit_code > 0) or result.exit_code < 0:
        report.wrong.append(f"the exit code is {result.exit_code}, which the reported results do not explain")


def _read_file(report: _Report, file: dict[str, Any]) -> None:
    path = str(file["name"]).removeprefix(f"{WORKDIR}/")
    for test in file["assertionResults"]:
        name = _one_line(" > ".join(map(str, [*test["ancestorTitles"], test["title"]])))
        why = "\n".join(map(str, test["failureMessages"] or ()))
        if test["status"] == "hook":
            report.broken[path] = brief(why)
            report.text.append(f"FAILED {path}: {name}\n{why[:3000]}\n")
        elif test["status"] not in _NOT_RUN:
            report.add(f"{path}::{name}", _STATUS[test["status"]], why)
        else:
            report.add(f"{path}::{name}", TestStatus.SKIPPED)
    if file["message"] and not any(test["status"] == "failed" for test in file["assertionResults"]):
        report.broken[path] = brief(str(file["message"]))
        report.text.append(f"FAILED {path}\n{str(file['message'])[:3000]}\n")


def _read_each(report: _Report, stdout: str, name: str) -> None:
    """Read the output of a runner that was started once for each file."""
    for line in stdout.splitlines():
        code, _, rest = line.partition(" ")
        output, _, rest = rest.partition(" ")
        errors, _, path = rest.partition(" ")
        try:
            end = _End(path, int(code), _text(output), _text(errors))
        except (UnreadableError, ValueError) as error:
            report.wrong.append(f"the results of {path or 'a file'} can't be read: {error}")
            continue
        if name in _TAP:
            _read_tap(report, end, sections=name in _SECTIONS)
        else:
            report.add(f"{path}::{WHOLE_FILE}", _STATUS["failed" if end.code else "passed"], end.why)
    if not report.results and not report.broken and not report.wrong:
        report.wrong.append("no test was reported")


def _read_tap(report: _Report, end: _End, *, sections: bool) -> None:
    """Read a file's TAP. If its process broke off, the test that was running is an error."""
    tap = read_tap(end.output, sections=sections)
    for name, status in tap.results.items():
        report.add(f"{end.path}::{name}", status, "\n".join(tap.notes.get(name, ["not ok"])))
    failed = TestStatus.FAILED in tap.results.values()
    broke_off = bool(end.code and tap.wrong)
    if broke_off and sections and tap.planned is None:
        report.add(f"{end.path}::{tap.section}", TestStatus.ERROR, end.why)
        report.broken[end.path] = brief(end.why)
    elif broke_off and TestStatus.PASSED not in tap.results.values():
        report.broken[end.path] = brief("\n".join(tap.results) or end.why)
    elif tap.wrong or failed != (end.code > 0):
        report.wrong += [f"{end.path}: {why}" for why in tap.wrong or [f"exit code {end.code}"]]


def _text(packed: str) -> str:
    return unpack(packed).decode(errors="replace")


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).strip()


def _output(report: _Report, results: dict[str, TestStatus], result: ExecResult) -> str:
    wrong = [f"# incomplete: {why}" for why in report.wrong]
    raw = [result.stderr.rstrip("\n")] if report.wrong or report.broken or not report.results else []
    return "\n".join([*report.text, *raw, *wrong, count(results.values())])
