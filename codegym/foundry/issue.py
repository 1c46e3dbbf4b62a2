"""The instructions that agents get. They report what a user would see, and never where the bug is."""

from __future__ import annotations

from collections.abc import Sequence

_DETAILED = 3
"""Failures that a bug report shows with their messages; the others are only counted."""
_LISTED = 10
"""Tests that a request lists by id; the others are only counted."""


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


def body_request(functions: Sequence[tuple[str, str]], failed: Sequence[str], *, other_bugs: bool) -> str:
    """Return the request to write the missing bodies of ``functions``, which are pairs of a name and a path.

    ``other_bugs`` adds that the code has mistakes elsewhere. ``failed`` are tests in the agent's tree that have to
    pass.
    """
    one = len(functions) == 1
    what = "The body of a function is missing:" if one else "The bodies of some functions are missing:"
    names = [f"- `{name}` in {path}" for name, path in functions]
    rest = ["", "Elsewhere there are mistakes to repair."] if other_bugs else []
    request = "Write what its documentation, its callers and its tests ask for."
    listed = ["", "These tests have to pass, and others:", "", *_list(failed)] if failed else []
    return "\n".join([what, "", *names, *rest, "", request, *listed])


def change_request(message: str) -> str:
    """Return the request to make the change that a commit's ``message`` describes."""
    return "\n".join([message, "", "Make this change. Tests that are not in the repository decide."])


def _list(tests: Sequence[str]) -> list[str]:
    more = [f"- and {len(tests) - _LISTED} more"] if len(tests) > _LISTED else []
    return [*(f"- {test}" for test in tests[:_LISTED]), *more]
