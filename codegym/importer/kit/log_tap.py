"""Runs a repository's own test command and says in TAP what its log says; for Python 3.6 and newer.

    python3 log_tap.py DIALECT COMMAND

Names are cut as SWE-bench cuts them, at the first space, so that the names in its rows are found. Where a name
occurs more than once the worst result counts. What the command prints besides goes to standard error.
"""

import re
import subprocess
import sys
from typing import Dict, Optional, Tuple

Found = Optional[Tuple[str, int]]
"""A test's name and what became of it, or nothing."""

PASSED, SKIPPED, FAILED = 0, 1, 2
ORDERLY = (0, 1, 2, 101)
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
TOOK = re.compile(r"(?<!\s)\s+\(?[\d.]+ ?m?s\)?$")


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
    """Read a line of Jest, mocha, vitest and their like."""
    found = re.match(r"\s*([✓✔√✕✗×✘○]|\d+\))\s+(\S.*)$", line)
    if not found:
        return None
    return TOOK.sub("", found.group(2)), PASSED if found.group(1) in "✓✔√" else SKIPPED if found.group(
        1
    ) == "○" else FAILED


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


def read(log: str, dialect: str) -> Dict[str, int]:
    """Return what became of every test that a log names."""
    results = {}  # type: Dict[str, int]
    for line in log.splitlines():
        found = DIALECTS[dialect](COLOUR.sub("", line).rstrip())
        if found:
            results[found[0]] = max(found[1], results.get(found[0], PASSED))
    return results


def main(dialect: str, command: str) -> int:
    """Run the command, print TAP, and return this program's exit code."""
    done = subprocess.run(
        ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    log = done.stdout.decode(errors="replace")
    sys.stderr.write(log)
    results = read(log, dialect)
    lines = ["1..%d" % len(results)]
    for number, (name, status) in enumerate(results.items(), 1):
        skip = " # skip" if status == SKIPPED else ""
        lines.append(
            "%sok %d - %s%s" % ("not " if status == FAILED else "", number, name.replace("#", "\\#"), skip)
        )
    if done.returncode not in ORDERLY:
        lines.append("Bail out! the command ended with %d" % done.returncode)
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode())
    return 1 if FAILED in results.values() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
