"""A program for the box, never imported: which functions do the failing tests run, and how suspicious are they?

Spectrum-based fault localisation (Abreu et al., 2007): every line that a failing test runs gets the Ochiai score
``failed(line) / sqrt(all_failed * (failed(line) + passed(line)))``; a function's score is that of its most
suspicious line, and every line with that score is marked. Names count too, since tests are mostly named after what
they test. Every line is reported with the counts behind its score. Standard input is ``{"tests": [pytest ids],
"options": [pytest options]}``; the last line of standard output is a JSON list of suspects, the most suspicious
first. The agent may see all of this, so nothing here is protected from the agent's code.
"""

from __future__ import annotations

import ast
import json
import math
import os
import re
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.harness.inbox.addopts import filter_addopts

Lines = set[tuple[str, int]]
Spectrum = tuple[float, float, int]
"""One line's score, the share of the failing tests that run it, and the number of passing tests that do."""

ROOT = str(Path.cwd()) + os.sep
MOST = 12
OTHERS = 40
NAME_WEIGHT = 0.5


class Tracer:
    """A pytest plugin that records which lines of the repository each test runs, and whether the test passes."""

    def __init__(self, tests: list[str]) -> None:
        self.tests = tests
        self.lines: dict[str, Lines] = {}
        self.failed: dict[str, bool] = {}
        self._lines: Lines = set()
        self._unrecorded: dict[CodeType, set[int | None]] = {}
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
            self._unrecorded[code] = {line for _, _, line in code.co_lines()} - {None, code.co_firstlineno}
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


def spectra(tracer: Tracer) -> dict[tuple[str, int], Spectrum]:
    """Return the spectrum of every line that a failing test runs."""
    failing, passing = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for test, lines in tracer.lines.items():
        (failing if tracer.failed.get(test) else passing).update(lines)
    total = sum(tracer.failed.values())
    return {
        line: (round(n / math.sqrt(total * (n + passing[line])), 6), round(n / total, 6), passing[line])
        for line, n in failing.items()
    }


def suspects(by_line: dict[tuple[str, int], Spectrum], failed: list[str]) -> list[dict[str, Any]]:
    """Group scored lines by the innermost function around them; return the most suspicious ones."""
    test_words = {word for test in failed for word in words(test)}
    by_function: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted({path for path, _ in by_line}):
        tree = ast.parse(Path(path).read_bytes())
        for name, node in functions(tree):
            lines = {n: by_line[path, n] for n in own_lines(node) if (path, n) in by_line}
            if lines:
                by_function[path, name] = suspect(path, name, node, lines)
    for each in by_function.values():
        own = words(each["name"])
        each["score"] = round(each["score"] + NAME_WEIGHT * len(own & test_words) / max(1, len(own)), 6)
    ranked = sorted(by_function.values(), key=lambda s: (-s["score"], -len(s["hot"]), s["path"], s["first"]))
    return ranked[:MOST]


def suspect(path: str, name: str, node: ast.FunctionDef, lines: dict[int, Spectrum]) -> dict[str, Any]:
    """Describe one function: where it is, its score, and its lines that failing tests run."""
    score = max(each for each, _, _ in lines.values())
    where = {"path": path.removeprefix(ROOT), "name": name, "first": node.lineno, "last": node.end_lineno}
    hot = sorted(line for line, (each, _, _) in lines.items() if each > score - 1e-9)
    ran = [[line, *lines[line]] for line in sorted(lines)]
    return where | {"score": score, "hot": hot, "ran": ran, "docstring": docstring(node)}


def words(name: str) -> set[str]:
    """Return the words of a name in snake_case or CamelCase, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)} - {"test", "py"}


def docstring(node: ast.FunctionDef) -> list[int]:
    """Return the first and last line of a function's docstring; empty if it has none or nothing else."""
    first = node.body[0]
    if len(node.body) < 2 or ast.get_docstring(node) is None:
        return []
    return [first.lineno, first.end_lineno or first.lineno]


def functions(tree: ast.AST, prefix: str = "") -> list[tuple[str, ast.FunctionDef]]:
    """Return every function with its qualified name, outer ones first."""
    result = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            result.append((prefix + node.name, node))
            result += functions(node, f"{prefix}{node.name}.")
        else:
            result += functions(node, f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix)
    return result  # type: ignore[return-value]


def own_lines(node: ast.FunctionDef) -> set[int]:
    """Return the lines of a function's body that belong to no function inside it."""
    lines = set(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    for _, inner in functions(node):
        lines -= set(range(inner.body[0].lineno, (inner.end_lineno or inner.lineno) + 1))
    return lines


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
    failed = [test for test, bad in tracer.failed.items() if bad]
    sys.stdout.write("\n" + json.dumps(suspects(spectra(tracer), failed)) + "\n")


if __name__ == "__main__":
    main()
