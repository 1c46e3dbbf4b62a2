"""Runs a repository's own test command and says in TAP what its log says; for Python 3.6 and newer.

    python3 log_tap.py DIALECT COMMAND

Names are cut as SWE-bench cuts them, at the first space, so that the names in its rows are found. Where a name
occurs more than once the worst result counts. Where a line can be read in another way (a name with spaces, a name
that ends like a duration), that name is printed as well: rows were made by many parsers. What the command prints
goes to standard error. A process that it leaves in the background is not waited for.
"""

import re
import subprocess
import sys
import tempfile
from typing import Dict, Iterable, Iterator, Optional, Tuple

Found = Optional[Tuple[str, int]]
"""A test's name and what became of it, or nothing."""

PASSED, SKIPPED, FAILED = 0, 1, 2
ORDERLY = (0, 1, 2, 101)
"""Exit codes of pytest and of what starts it, if the run came to its end."""
BROKEN = 124
"""The first of the exit codes that mean a timeout, a program that can't be started, or a signal."""
MOST_ECHOED = 100000
"""Bytes of the beginning and of the end of a log that are printed; boxes keep a limited amount."""
WORDS = {
    "PASSED": PASSED,
    "XFAIL": PASSED,
    "SKIPPED": SKIPPED,
    "FAILED": FAILED,
    "ERROR": FAILED,
    "XPASS": FAILED,
}
DJANGO = {" ... ok": PASSED, " ... OK": PASSED, " ...  OK": PASSED, " ... FAIL": FAILED, " ... ERROR": FAILED}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
STATUS = "|".join(WORDS)
SUMMARY = re.compile(r"(%s) (\S+?::.*?\])(?= - |$)" % STATUS)
VERBOSE = re.compile(r"(\S+?::.*?) (%s)(?: +\(.*\))?(?: +\[ *\d+%%\])?$" % STATUS)
MARK = re.compile(r"\s*([✓✔√✕✗×✘○↓]|\d+\))\s+(\S.*)$")
DURATION = re.compile(r"(?<!\s)\s+(?:\([\d.]+ ?m?s\)|\[[\d.]+ ?m?s\]|[\d.]+m?s)$")
LOOSE_DURATION = re.compile(r"(?<!\s)\s+[\d.]+ m?s$")


def pytest(line: str) -> Found:
    """Read a line of pytest's summary, or of its verbose report."""
    words = line.replace(" - ", " ").split()
    if len(words) > 1 and words[0] in WORDS:
        return words[1], WORDS[words[0]]
    if len(words) > 1 and "::" in words[0] and words[1] in WORDS:
        return words[0], WORDS[words[1]]
    return None


def pytest_names(line: str) -> Found:
    """Read pytest, without the folders of test files and without parameters."""
    found = pytest(line)
    return (re.sub(r"^[^:]*/|\[.*$", "", found[0]), found[1]) if found else None


def pytest_options(line: str) -> Found:
    """Read pytest, but cut options that are paths to their last part: they lie elsewhere on every machine."""
    found = pytest(line)
    option = re.match(r"(.*?)\[(/[^/*].*)\]$", found[0]) if found else None
    if found and option:
        return "%s[/%s]" % (option.group(1), option.group(2).split("/")[-1]), found[1]
    return found


def matplotlib(line: str) -> Found:
    """Read pytest, with names that changed with Python as they were."""
    return pytest(line.replace("MouseButton.LEFT", "1").replace("MouseButton.RIGHT", "3"))


def django(line: str) -> Found:
    """Read a line of unittest as Django's runner prints it."""
    for end, status in DJANGO.items():
        if line.endswith(end):
            name = line[: -len(end)].strip()
            return name.rsplit("...", 1)[-1].strip() if name.startswith("Applying ") else name, status
    if " ... skipped" in line:
        return line.partition(" ... skipped")[0].strip(), SKIPPED
    if line.startswith(("FAIL: ", "ERROR: ")):
        return line.split(": ", 1)[1].strip(), FAILED
    return None


def sympy(line: str) -> Found:
    """Read a line of sympy's own runner."""
    words = line.split()
    if len(words) > 2 and not (words[0] + words[-1]).strip("_") and ".py:" in words[-2]:
        return words[-2].rpartition(".py:")[2], FAILED
    if line.startswith("test_") and len(words) > 1 and words[1] in ("ok", "F", "E", "f", "s"):
        return words[0], {"ok": PASSED, "f": PASSED, "s": SKIPPED}.get(words[1], FAILED)
    return None


def go(line: str) -> Found:
    """Read a line of `go test -v`."""
    found = re.match(r"\s*--- (PASS|FAIL|SKIP): (.+?)(?: \([\d.]+s\))?$", line)
    return (found.group(2), {"PASS": PASSED, "SKIP": SKIPPED}.get(found.group(1), FAILED)) if found else None


def cargo(line: str) -> Found:
    """Read a line of `cargo test`."""
    found = re.match(r"test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)", line)
    return (found.group(1), {"ok": PASSED, "ignored": SKIPPED}.get(found.group(2), FAILED)) if found else None


def marks(line: str) -> Found:
    """Read a line of Jest, mocha, vitest and their like; a duration is cut off the name."""
    found = MARK.match(line)
    if not found:
        return None
    mark, name = found.groups()
    return DURATION.sub("", name), PASSED if mark in "✓✔√" else SKIPPED if mark in "○↓" else FAILED


def maven(line: str) -> Found:
    """Read a line of Maven or Gradle: classes, or tests."""
    found = re.match(r"(?:\[\w+\]\s+)?Tests run: (\d+), Failures: (\d+), Errors: (\d+).*? (?:--|-) in (\S+)", line)
    if found:
        return found.group(4), FAILED if int(found.group(2)) + int(found.group(3)) else PASSED
    name, _, word = line.rpartition(" ")
    below = name[:1].strip() and name.partition(" > ")[2]
    return (name, WORDS[word]) if below and word in ("PASSED", "FAILED", "SKIPPED") else None


DIALECTS = {
    f.__name__: f
    for f in (pytest, pytest_names, pytest_options, matplotlib, django, sympy, go, cargo, marks, maven)
}


def others_pytest(line: str) -> Iterator[Tuple[str, int]]:
    """Yield a name with spaces in its parameters whole, which :func:`pytest` cuts."""
    found = SUMMARY.match(line)
    if found:
        yield found.group(2), WORDS[found.group(1)]
    found = VERBOSE.match(line)
    if found:
        yield found.group(1), WORDS[found.group(2)]


def others_marks(line: str) -> Iterator[Tuple[str, int]]:
    """Yield a name with what looks like a duration, and without what hardly is one (``100 ms``)."""
    found, mark = marks(line), MARK.match(line)
    if found and mark:
        yield mark.group(2), found[1]
        loose = LOOSE_DURATION.sub("", found[0])
        if loose != found[0]:
            yield loose, found[1]


OTHERS = {"pytest": others_pytest, "pytest_options": others_pytest, "marks": others_marks}


def lines_of(log: str) -> Iterator[str]:
    """Yield the lines of a log without colours."""
    for line in log.splitlines():
        yield COLOUR.sub("", line).rstrip()


def read(log: str, dialect: str) -> Dict[str, int]:
    """Return what became of every test that a log names."""
    return worst(filter(None, map(DIALECTS[dialect], lines_of(log))))


def read_others(log: str, dialect: str) -> Dict[str, int]:
    """Return what became of tests by other names that a log's lines may mean, without those of :func:`read`."""
    if dialect not in OTHERS:
        return {}
    known = read(log, dialect)
    found = worst(pair for line in lines_of(log) for pair in OTHERS[dialect](line))
    return {name: status for name, status in found.items() if name not in known}


def worst(found: Iterable[Tuple[str, int]]) -> Dict[str, int]:
    """Return the worst result of each name."""
    results = {}  # type: Dict[str, int]
    for name, status in found:
        results[name] = max(status, results.get(name, PASSED))
    return results


def is_orderly(code: int, dialect: str, failed: int) -> bool:
    """Return whether a command that ended with ``code`` came to its end.

    Runners other than pytest may return anything; mocha, for one, the number of ``failed`` tests.
    """
    if dialect.startswith(("pytest", "matplotlib")):
        return code in ORDERLY
    return 0 <= code < BROKEN or code == min(failed, 255)


def run(command: str) -> Tuple[bytes, int]:
    """Run a command and return what it printed until it ended, and its exit code.

    The output goes to a file: a pipe would stay open as long as a process in the background holds it.
    """
    with tempfile.TemporaryFile() as log:
        code = subprocess.call(
            ["sh", "-c", command], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        log.seek(0)
        return log.read(), code


def shortened(log: bytes) -> bytes:
    """Return a log without its middle, if it is long."""
    if len(log) <= 2 * MOST_ECHOED:
        return log
    return log[:MOST_ECHOED] + b"\n[...]\n" + log[-MOST_ECHOED:]


def main(dialect: str, command: str) -> int:
    """Run the command, print TAP, and return this program's exit code."""
    output, code = run(command)
    log = output.decode(errors="replace")
    sys.stderr.buffer.write(shortened(output))
    results = read(log, dialect)
    failed = sum(status == FAILED for status in results.values())
    whole = is_orderly(code, dialect, failed)
    results.update(read_others(log, dialect))
    lines = ["1..%d" % len(results)]
    for number, (name, status) in enumerate(results.items(), 1):
        skip = " # skip" if status == SKIPPED else ""
        lines.append(
            "%sok %d - %s%s" % ("not " if status == FAILED else "", number, name.replace("#", "\\#"), skip)
        )
    if not whole:
        lines.append("Bail out! the command ended with %d" % code)
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode())
    return 1 if FAILED in results.values() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
