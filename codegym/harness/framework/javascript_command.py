"""The commands of JavaScript's test runners: what a task's plan says, and what is run for it in a box.

``TestPlan.command`` is such a command: ``env`` with assignments if there are any, a runner's name, its options,
and the test files after ``--`` if the runner is started once for each file. A command that is empty or begins with
an option is for ``node --test`` (:mod:`codegym.harness.framework.node`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegym.harness.packed import PACK

REPORT = "/tmp/.codegym-report"  # noqa: S108  a path in the box
_REPORTER = "/tmp/.codegym-reporter.cjs"  # noqa: S108  a path in the box
_TWO_WORKERS = " ".join(
    f"VITEST_{bound}_{kind}={count}" for kind in ("THREADS", "FORKS") for bound, count in (("MIN", 1), ("MAX", 2))
)
"""vitest's options for this have other names in each version."""
_ENVIRONMENT = f"env CI=true VITEST_MAX_WORKERS=2 {_TWO_WORKERS} CODEGYM_REPORT={REPORT}"
"""In continuous integration no runner watches files, asks, or writes new snapshots."""


@dataclass(frozen=True)
class Runner:
    """A test runner: what starts it, and how it is asked for files.

    ``each`` runners are started once for each file: they do not say which file a test is in, or report nothing
    but an exit code. ``pattern`` turns a file's path into what the runner takes for it.
    """

    start: str
    each: bool = False
    needs_reporter: bool = False
    pattern: Callable[[str], str] = str


def _whole_path(path: str) -> str:
    return f"/{re.escape(path)}$"


RUNNERS = {
    "jest": Runner(
        f"jest --ci --json --outputFile={REPORT} --coverage=false --watchman=false --maxWorkers=2",
        pattern=_whole_path,
    ),
    "vitest": Runner(f"vitest run --reporter=json --outputFile={REPORT} --coverage.enabled=false"),
    "mocha": Runner(f"mocha --reporter={_REPORTER}", needs_reporter=True),
    "ava": Runner("ava --tap", each=True),
    "tape": Runner("tape", each=True),
    "uvu": Runner("node", each=True),
    "script": Runner("node", each=True),
}
"""The runners by name. ``script`` is no program: it means files that are run by node as they are."""


@dataclass(frozen=True)
class JavaScriptCommand:
    """A command of a plan: the assignments before it, the runner's name, its options, and the test files."""

    assignments: tuple[str, ...]
    name: str
    options: tuple[str, ...]
    files: tuple[str, ...] = ()

    @property
    def runner(self) -> Runner:
        """The runner of that name."""
        return RUNNERS[self.name]

    def text(self) -> str:
        """Return the command as ``TestPlan.command`` has it."""
        environment = ("env", *self.assignments) if self.assignments else ()
        return shlex.join([*environment, self.name, *self.options, *(("--", *self.files) if self.files else ())])

    def argv(self, files: Sequence[str]) -> list[str]:
        """Return the command for a box that runs ``files``, or all tests if there are none.

        Files that do not exist are left out; if none is left, nothing is run.
        """
        chosen = list(files) or list(self.files)
        environment = shlex.join([*shlex.split(_ENVIRONMENT), *self.assignments])
        start = f"{environment} {self.runner.start} {shlex.join(self.options)}"
        if self.runner.each:
            return ["sh", "-c", _EACH.format(existing=_EXISTING_FILES, start=start, pack=PACK), "sh", *chosen]
        patterns = [word for path in chosen for word in (path, self.runner.pattern(path))]
        return ["sh", "-c", _ONCE.format(existing=_EXISTING_PATTERNS, start=start, pack=PACK), "sh", *patterns]

    def stdin(self) -> bytes:
        """Return the standard input of :meth:`argv`: the reporter, if the runner needs one."""
        return _reporter() if self.runner.needs_reporter else b""


def parse_command(command: str) -> JavaScriptCommand | None:
    """Return the command of a runner that ``TestPlan.command`` is; ``None`` if it is for ``node --test``."""
    words = shlex.split(command)
    assignments: list[str] = []
    if words[:1] == ["env"]:
        words.pop(0)
        while words and "=" in words[0]:
            assignments.append(words.pop(0))
    if not words or words[0] not in RUNNERS:
        return None
    name, rest = words[0], words[1:]
    runs_each = RUNNERS[name].each and "--" in rest
    options, files = (rest[: rest.index("--")], rest[rest.index("--") + 1 :]) if runs_each else (rest, [])
    return JavaScriptCommand(tuple(assignments), name, tuple(options), tuple(files))


_EXISTING_FILES = """
asked=$#
for file; do [ ! -f "$file" ] || set -- "$@" "$file"; done
shift $asked
"""
_EXISTING_PATTERNS = """
asked=$#
n=0
for word; do
  n=$((n+1))
  if [ $((n%2)) = 1 ]; then file=$word; elif [ -f "$file" ]; then set -- "$@" "$word"; fi
done
shift $asked
[ $# -gt 0 ] || [ $asked -eq 0 ] || exit 0
"""
_ONCE = (
    f"report={REPORT}; cat >{_REPORTER}\n"
    "{existing}"
    'rm -f "$report"; {start} "$@" >&2 </dev/null; code=$?\n'
    '[ ! -f "$report" ] || {{ {pack}; echo; rm -f "$report"; }}; exit $code'
)
_EACH = (
    f"report={REPORT}; errors={REPORT}.err\n"
    "{existing}"
    'for file; do rm -f "$report"; {start} "$file" >"$report" 2>"$errors" </dev/null; code=$?\n'
    'echo "$code $({pack}) $(report=$errors; {pack}) $file"; done'
)


@lru_cache(maxsize=1)
def _reporter() -> bytes:
    return (Path(__file__).parents[1] / "inbox" / "mocha_reporter.cjs").read_bytes()
