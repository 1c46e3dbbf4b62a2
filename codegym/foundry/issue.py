"""The instructions that agents get. They report what a user would see, and never where the bug is."""

from __future__ import annotations

from collections.abc import Sequence

_DETAILED = 3
"""Failures that a bug report shows with their messages; the others are only counted."""


def bug_report(package: str, failed: Sequence[str], messages: Sequence[str]) -> str:
    """Return the report of a bug: how many tests fail, and the messages of the first few.

    ``failed`` are tests that the agent can run. ``messages`` are in the same order; there may be fewer of them. If
    no such test fails, the first message is that of a failure which the agent can't run.
    """
    if not failed:
        message_lines = [f"    {line}" for line in messages[0].splitlines()]
        first, last = f"{package} does not do what it should:", "Find the mistake in the code and repair it."
        return "\n".join([first, "", *message_lines, "", last])
    several = len(failed) > 1
    lines = [f"{package}: {len(failed)} tests fail." if several else f"{package}: a test fails.", ""]
    for test, message in list(zip(failed, messages, strict=False))[:_DETAILED]:
        lines += [test, *(f"    {line}" for line in message.splitlines()), ""]
    if len(failed) > _DETAILED:
        lines += [f"and {len(failed) - _DETAILED} more", ""]
    lines.append("The tests are right. Find the mistake in the code and repair it.")
    return "\n".join(lines)


def change_request(text: str) -> str:
    """Return the request to make the change that ``text`` describes."""
    return f"{text}\n\nMake this change. Tests that are not in the repository decide."


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
