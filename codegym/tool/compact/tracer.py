"""A program for the box, never imported: which functions do the failing tests run, and how suspicious are they?

Standard input is ``{"tests": [pytest ids], "options": [pytest options]}``; the last line of standard output is a
JSON list of suspects as :func:`codegym.tool.compact.spectrum.suspects` returns them, whose text precedes this one.
The agent may see all of this, so nothing here is protected from the agent's code.
"""

from __future__ import annotations

import ast
import json
import math
import os
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.harness.inbox.addopts import filter_addopts
    from codegym.tool.compact.spectrum import body_lines, suspects

Lines = set[tuple[str, int]]

ROOT = str(Path.cwd()) + os.sep
OTHERS = 40


class Tracer:
    """A pytest plugin that records which lines of the repository each test runs, and whether the test passes."""

    def __init__(self, tests: list[str]) -> None:
        self.tests = tests
        self.lines: dict[str, Lines] = {}
        self.failed: dict[str, bool] = {}
        self._lines: Lines = set()
        self._unrecorded: dict[CodeType, set[int]] = {}
        self._is_traced: dict[str, bool] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the requested tests and, for comparison, an even sample of the other tests in their files."""
        requested = [item for item in items if item.nodeid in self.tests]
        others = [item for item in items if item.nodeid not in self.tests]
        items[:] = requested + others[:: max(1, math.ceil(len(others) / OTHERS))]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """Trace one test and its fixtures."""
        self._lines, self._unrecorded = self.lines.setdefault(item.nodeid, set()), {}
        sys.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a failure in any phase."""
        self.failed[report.nodeid] = self.failed.get(report.nodeid, False) or report.failed

    def _enter(self, frame: FrameType, _event: str, _arg: object) -> Any:
        code = frame.f_code
        path = code.co_filename
        if path not in self._is_traced:
            self._is_traced[path] = path.startswith(ROOT) and not is_test(path.removeprefix(ROOT))
        if not self._is_traced[path]:
            return None
        if code not in self._unrecorded:
            self._unrecorded[code] = body_lines(code)
        return self._line if self._unrecorded[code] else None

    def _line(self, frame: FrameType, event: str, _arg: object) -> Any:
        """Record a line; stop tracing a function when all its lines are recorded, since tracing is slow."""
        unrecorded = self._unrecorded[frame.f_code]
        if event == "line" and frame.f_lineno in unrecorded:
            unrecorded.discard(frame.f_lineno)
            self._lines.add((frame.f_code.co_filename, frame.f_lineno))
        if not unrecorded:
            frame.f_trace_lines = False
        return self._line


def is_test(path: str) -> bool:
    """Return whether a path looks like that of a test."""
    parts = Path(path).parts
    return any(p in {"tests", "test"} for p in parts[:-1]) or parts[-1].startswith(("test_", "conftest"))


def main() -> None:
    """Run the tests named on standard input and print the suspects."""
    question = json.load(sys.stdin)
    tracer = Tracer(question["tests"])
    sys.path.insert(0, ROOT)
    files = sorted({test.partition("::")[0] for test in question["tests"]})
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        "--assert=plain",
        "-Wignore::pytest.PytestUnknownMarkWarning",  # of plugins that are not loaded
        *(option for option in question["options"] if not option.startswith("--timeout=")),  # the harness's own
    ]
    _, late = filter_addopts(pytest)
    pytest.main([*options, *files], plugins=[tracer, late])
    rows = suspects(tracer.lines, tracer.failed, lambda path: ast.parse(Path(path).read_bytes()))
    relative = [row | {"path": row["path"].removeprefix(ROOT)} for row in rows]
    sys.stdout.write("\n" + json.dumps(relative) + "\n")


if __name__ == "__main__":
    main()
