"""Which tests pass on an untouched package, and which of its lines each of them reaches.

Measured by coverage.py in the box, with a context for each test; its data file is read here, from outside.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from dataclasses import dataclass

from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.errors import TaskError
from codegym.foundry.recipe import Package
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import WORKDIR, Sandbox
from codegym.tree import Files

_SECONDS = 600.0
_MEASURED = "-p pytest_cov.plugin --cov-config=/dev/null --cov-context=test --cov-report="
"""The package's own settings for coverage are set aside: branches would be kept in another table."""
_QUERY = """
    select file.path, context.context, line_bits.numbits from line_bits
    join file on file.id = line_bits.file_id join context on context.id = line_bits.context_id
"""


@dataclass(frozen=True)
class Reach:
    """The tests that pass, in order, and for each source file and line those of them that reach it."""

    tests: tuple[str, ...]
    lines: dict[str, dict[int, frozenset[str]]]

    def of(self, path: str, first: int, last: int) -> frozenset[str]:
        """Return the tests that reach any line from ``first`` to ``last``."""
        by_line = self.lines.get(path, {})
        return frozenset().union(*(by_line.get(line, ()) for line in range(first, last + 1)))

    def near(self, path: str, line: int, first: int, last: int, most: int) -> tuple[str, ...]:
        """Return at most ``most`` tests that reach ``line`` or, after those, its function (``first`` to ``last``).

        Tests of the two files that reach it most come first, so that a run imports little. The choice
        depends on nothing but the measurement.
        """
        exact = self.of(path, line, line) or self.of(path, first + 1, last)
        files = sorted({_file(i) for i in exact}, key=lambda f: (-sum(_file(i) == f for i in exact), f))
        around = self.of(path, first + 1, last) - exact
        exact_ids = _spread([i for i in self.tests if i in exact and _file(i) in files[:2]], most)
        around_ids = [i for i in self.tests if i in around and _file(i) in files[:2]]
        return (*exact_ids, *_spread(around_ids, min(most - len(exact_ids), 8)))

    def others(self, chosen: tuple[str, ...], most: int) -> tuple[str, ...]:
        """Return at most ``most`` further tests of the same files, as a guard against clumsy repairs."""
        files = {_file(i) for i in chosen}
        return tuple(_spread([i for i in self.tests if _file(i) in files and i not in chosen], most))


def measure(box: Sandbox, package: Package, files: Files) -> Reach:
    """Run all tests of a package in ``box``, which holds ``files``, under coverage.

    Raises :class:`~codegym.errors.TaskError` if the run does not come to an orderly end.
    """
    tests = sorted(path for path in files if any(matches(path, glob) for glob in package.tests))
    sources = sorted({path.rpartition("/")[0] or "." for path in source_paths(package, files)})
    coverage = [f"--cov={folder}" for folder in sources]
    more = " ".join([_MEASURED, *coverage, *tests])
    run = run_tests(box, package.plan(more=more), timeout=_SECONDS)
    if run.timed_out:
        raise TaskError(
            f"the tests of {package.name} took over {_SECONDS:g} s: let --test-command name fewer of them"
        )
    if not run.complete:
        raise TaskError(f"the tests of {package.name} did not run to their end: {run.output[-2000:]}")
    passed = {i for i, status in run.results.items() if status is TestStatus.PASSED}
    trusted = sorted(i for i in passed if not any(part in i for part in package.deselect))
    return Reach(tuple(trusted), _lines(box.read(".coverage"), frozenset(trusted)))


def source_paths(package: Package, files: Files) -> list[str]:
    """Return the paths of a package's source files, sorted."""
    return sorted(path for path in files if any(matches(path, glob) for glob in package.sources))


def matches(path: str, glob: str) -> bool:
    """Return whether ``glob`` covers ``path``: ``*`` stays inside a folder, ``**/`` is any folders or none."""
    pattern = re.escape(glob).replace(r"\*\*/", "(?:.+/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(pattern, path) is not None


def _lines(database: bytes, tests: frozenset[str]) -> dict[str, dict[int, frozenset[str]]]:
    found: dict[str, dict[int, set[str]]] = {}
    with tempfile.NamedTemporaryFile(suffix=".coverage") as file:
        file.write(database)
        file.flush()
        connection = sqlite3.connect(file.name)
        try:
            rows = list(connection.execute(_QUERY))
        finally:
            connection.close()
    for path, context, bits in rows:
        test, _, phase = context.rpartition("|")
        if test in tests and phase == "run":
            by_line = found.setdefault(path.removeprefix(WORKDIR + "/"), {})
            for line in _numbers(bits):
                by_line.setdefault(line, set()).add(test)
    return {path: {line: frozenset(ids) for line, ids in lines.items()} for path, lines in found.items()}


def _numbers(bits: bytes) -> list[int]:
    """Decode coverage.py's set of line numbers: a bit a line, lowest first."""
    return [8 * i + bit for i, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1]


def _file(test: str) -> str:
    return test.partition("::")[0]


def _spread(ids: list[str], most: int) -> list[str]:
    if len(ids) <= most:
        return ids
    return [i for _, i in sorted(sorted((digest_json(i), i) for i in ids)[: max(most, 0)], key=lambda x: x[1])]
