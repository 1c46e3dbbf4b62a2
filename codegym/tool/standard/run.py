"""Tools that run something: a shell command, the compiler, the visible tests."""

from __future__ import annotations

import posixpath
import re
import shlex
import time
from collections.abc import Collection

from codegym.episode import TestStatus
from codegym.harness.cache import run_tests_cached, workspace_digest
from codegym.harness.codes import codes_of
from codegym.harness.result import TestRun
from codegym.harness.text import steady
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import ExecResult
from codegym.tool.argument import Command, TestIds
from codegym.tool.call import ToolError, ToolResult
from codegym.tool.cut import clip, cut, printable
from codegym.tool.spec import tool
from codegym.tool.workbench import Workbench

SHOWN_FAILURES = 20
_WHY_CHARS = 64
"""Of why a test failed, characters in a brief report."""
MOST_COMPILED = 200
"""The most C or JavaScript files that are compiled, since each takes a process."""


@tool
def shell(bench: Workbench, command: Command) -> ToolResult:
    """Run a shell command in the repository's root and show what it printed."""
    result = bench.box.exec(command, timeout=bench.seconds)
    text = command_report(result)
    return ToolResult(text, cut(text, 400), ok=result.exit_code == 0)


@tool
def test_(bench: Workbench, ids: TestIds = ()) -> ToolResult:  # noqa: PT028 - a tool, not a test of ours
    """Run the visible tests, or only those named, and show which fail and why."""
    return visible_run(bench, ids)


def visible_run(bench: Workbench, ids: tuple[str, ...] = ()) -> ToolResult:
    """Run the visible tests, or only ``ids``, on the present workspace and return a report for the agent."""
    task = bench.task
    base = bench.suite.tree(task)
    run = run_tests_cached(
        bench.box,
        workspace_digest(base.digest, bench.changes()),
        task.tests,
        ids or task.tests.visible,
        task.image,
        timeout=bench.seconds,
        cache=bench.cache,
        codes=codes_of(base, {}, image_digest(task.image), purpose="run"),
    )
    return report(run, ids)


def report(run: TestRun, ids: tuple[str, ...] = ()) -> ToolResult:
    """Return a test run as text for an agent, without times and addresses, so that equal runs read the same."""
    bad = {i: s for i, s in sorted(run.results.items()) if s in (TestStatus.FAILED, TestStatus.ERROR)}
    passed = sum(status is TestStatus.PASSED for status in run.results.values())
    missing = [i for i in ids if i not in run.results]
    lines = [f"{passed} passed, {len(bad)} failed.{_trouble(run)}"]
    lines += [
        f"FAILED {i}: {_stable_text(run.failures.get(i, str(s)))}" for i, s in list(bad.items())[:SHOWN_FAILURES]
    ]
    lines += [f"[… {len(bad) - SHOWN_FAILURES} more failures]"] if len(bad) > SHOWN_FAILURES else []
    lines += [f"NOT FOUND {i}" for i in missing[:SHOWN_FAILURES]]
    if not run.complete or (not passed and not bad):
        lines.append(cut(_stable_text(run.output), 4_000))
    ok = run.complete and not bad and passed > 0 and not missing
    return ToolResult(cut("\n".join(filter(None, lines))), _brief(run, passed, bad), ok=ok, cached=run.cached)


def command_report(result: ExecResult) -> str:
    """Return a command's output and its exit code, as an agent sees them."""
    parts = [cut(printable(result.stdout).rstrip("\n")), cut(printable(result.stderr).rstrip("\n"), 4_000)]
    ending = f"[exit code {result.exit_code}]"
    if result.timed_out:
        ending = "[stopped: it took too long]"
    elif result.oom:
        ending = "[stopped: it used too much memory]"
    return "\n".join([part for part in parts if part] + [ending])


def _stable_text(text: str) -> str:
    return printable(steady(text)).strip()


def _trouble(run: TestRun) -> str:
    if run.timed_out:
        return " The tests were stopped: they took too long."
    if run.oom:
        return " The tests were stopped: they used too much memory."
    return "" if run.complete else " The tests did not run to their end."


def _brief(run: TestRun, passed: int, bad: Collection[str]) -> str:
    if run.timed_out or run.oom:
        return "timeout" if run.timed_out else "out of memory"
    first = next(iter(bad), "")
    if not bad and run.complete and passed:
        return brief_counts(passed, 0)
    why = _stable_text(run.failures.get(first, "")) or (first if run.complete else last_line(run.output))
    return brief_counts(passed, len(bad), why)


def brief_counts(passed: int, failed: int, why: str = "") -> str:
    """Return how many tests passed and failed, and in some words why the first failed."""
    head = f"{passed} passed, {failed} failed"
    return f"{head}\n{clip(why, _WHY_CHARS)}" if why else head


def last_line(text: str) -> str:
    """Return the last line that mentions an error; otherwise the last line that is not empty."""
    lines = [line for line in _stable_text(text).splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "error:" in line]
    return (errors or lines or [""])[-1].strip()


@tool
def compile_(bench: Workbench) -> ToolResult:
    """Check that the changed files (or all, if none is changed) compile, without running them."""
    changed = sorted(path for path, file in bench.changes().items() if file is not None)
    sources = changed if any(path.endswith(_SUFFIXES) for path in changed) else bench.files()
    problems: list[str] = []
    checked = 0
    for suffixes, check in _CHECKS.items():
        paths = [path for path in sources if path.endswith(suffixes)]
        checked += len(paths)
        problems += check(bench, paths) if paths else []
    if not checked:
        raise ToolError("There is nothing to compile here.")
    if problems:
        return ToolResult(cut("\n".join(problems)), clip(last_line("\n".join(problems)), 240), ok=False)
    return ToolResult(f"Compiled without errors: {checked} {'file' if checked == 1 else 'files'}.", "compiles")


def _python(bench: Workbench, paths: list[str]) -> list[str]:
    path_list = "\0".join(paths).encode(errors="surrogateescape")
    result = bench.box.exec(["python3", "-c", _PYTHON_CHECK], stdin=path_list, timeout=bench.seconds)
    return [command_report(result)] if result.exit_code else []


def _c(bench: Workbench, paths: list[str]) -> list[str]:
    """Check every C file with gcc, with the Makefile's flags if there is one. The time limit is for all files."""
    dry_run = bench.box.exec(["make", "--dry-run", "--always-make", "--keep-going"], timeout=bench.seconds).stdout
    lines = [line for line in dry_run.splitlines() if _COMPILES.match(line) and "\0" not in line]
    commands = [line.split("&&")[0].strip() for line in lines]
    if not commands:
        units = ([path for path in paths if path.endswith(".c")] or paths)[:MOST_COMPILED]
        folders = sorted({posixpath.dirname(path) or "." for path in bench.files() if path.endswith(".h")} | {"."})
        commands = [shlex.join(["gcc", "-Wall", *(f"-I{folder}" for folder in folders), *units])]
    deadline = time.monotonic() + bench.seconds
    problems: list[str] = []
    for command in list(dict.fromkeys(commands))[:MOST_COMPILED]:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return [*problems, f"[stopped: not all that make would compile was looked at in {bench.seconds:g} s]"]
        result = bench.box.exec(f"{command} -fsyntax-only", timeout=remaining)
        problems += [command_report(result)] if result.exit_code else []
    return problems


def _javascript(bench: Workbench, paths: list[str]) -> list[str]:
    results = [bench.box.exec(["node", "--check", path], timeout=bench.seconds) for path in paths[:MOST_COMPILED]]
    return [command_report(result) for result in results if result.exit_code]


_PYTHON_CHECK = """
import sys
failed = False
for path in sys.stdin.buffer.read().split(b"\\0"):
    path = path.decode(errors="surrogateescape")
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec")
    except (SyntaxError, ValueError) as error:
        failed = True
        line = getattr(error, "lineno", None) or "?"
        print(f"{path}:{line}: {type(error).__name__}: {getattr(error, 'msg', error)}")
        print("    " + (getattr(error, "text", None) or "").strip())
sys.exit(failed)
"""

_COMPILES = re.compile(r"\s*(gcc|cc|clang)\s.*\.c\b")
_CHECKS = {(".py",): _python, (".c", ".h"): _c, (".js", ".mjs", ".cjs"): _javascript}
_SUFFIXES = tuple(suffix for suffixes in _CHECKS for suffix in suffixes)
