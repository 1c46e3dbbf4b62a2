"""Test commands that write a JUnit report, made into ones that print TAP, so that one harness reads both.

The command's own output is set aside. The report that it writes is read in the box, by awk, which every image has;
a test is named by its class and its name, and counts once. The exit code says whether a test failed.
"""

from __future__ import annotations

import shlex
from functools import lru_cache
from pathlib import Path


def tap_command(command: str, report: str) -> str:
    """Return a shell command that runs ``command`` and prints what its JUnit ``report`` says as TAP.

    A ``report`` with wildcards names several. One that is there before the run is deleted.
    """
    quoted = report if any(mark in report for mark in "*?[") else shlex.quote(report)
    return f"rm -f {quoted}; {{ {command}; }} >&2; cat {quoted} | awk {shlex.quote(_program())}"


@lru_cache(maxsize=1)
def _program() -> str:
    lines = (Path(__file__).parent / "inbox" / "junit.awk").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))
