"""The instructions that agents get. They report what a user would see, and never where the bug is."""

from __future__ import annotations

from collections.abc import Sequence

_DETAILED = 3
"""Failures that a bug report shows with their messages; the others are only counted."""
_LISTED = 10
"""Tests that a request lists by id; the others are only counted."""


def bug_report(package: str, failed: Sequence[str], messages: Sequence[str]) -> str:
    """Return the report of a bug: how many tests fail, and the messages of the first few.

    ``messages`` are in the order of ``failed``; there may be fewer of them.
    """
    several = len(failed) > 1
    lines = [f"{package}: {len(failed)} tests fail." if several else f"{package}: a test fails.", ""]
    for test, message in list(zip(failed, messages, strict=False))[:_DETAILED]:
        lines += [test, *(f"    {line}" for line in message.splitlines()), ""]
    if len(failed) > _DETAILED:
        lines += [f"and {len(failed) - _DETAILED} more", ""]
    lines.append("The tests are right. Find the mistake in the code and repair it.")
    return "\n".join(lines)


def body_request(functions: Sequence[tuple[str, str]], failed: Sequence[str], *, other_bugs: bool) -> str:
    """Return the request to write the missing bodies of ``functions``, which are pairs of a name and a path.

    ``other_bugs`` adds that the code has mistakes elsewhere. ``failed`` are the tests that have to pass.
    """
    one = len(functions) == 1
    what = "The body of a function is missing:" if one else "The bodies of some functions are missing:"
    names = [f"- `{name}` in {path}" for name, path in functions]
    rest = ["", "Elsewhere there are mistakes to repair."] if other_bugs else []
    request = "Write what its documentation, its callers and its tests ask for. These tests have to pass:"
    return "\n".join([what, "", *names, *rest, "", request, "", *_list(failed)])


def change_request(message: str, failed: Sequence[str]) -> str:
    """Return the request to make the change that a commit's ``message`` describes, with the first hidden tests."""
    request = "Make this change. Tests that are not in the repository decide, among them:"
    return "\n".join([message, "", request, "", *_list(failed)])


def _list(tests: Sequence[str]) -> list[str]:
    more = [f"- and {len(tests) - _LISTED} more"] if len(tests) > _LISTED else []
    return [*(f"- {test}" for test in tests[:_LISTED]), *more]


def slowdown_report(package: str, test: str, times: int, lines: int, most: int) -> str:
    """Return the report that the calls of ``test``, made so many ``times``, run more than ``most`` lines."""
    return "\n".join(
        [
            f"{package} became slow: it gives the right results and does much more work than it needs.",
            "",
            f"If what {test} does is done {times} times in a row, {lines} lines of the package are run.",
            f"At most {most} should be. Everything that the package does has to stay as it is.",
            "",
            "A test that is not in the repository counts the lines; no test measures time.",
        ]
    )
