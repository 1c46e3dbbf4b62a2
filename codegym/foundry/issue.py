"""What the agent is told: what a user would have seen, never where the bug is."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 3


def instruction(package: str, failed: Sequence[str], said: Sequence[str]) -> str:
    """Return the text of an issue: the tests that fail, and how the first of them do."""
    several = len(failed) > 1
    lines = [f"{package}: {len(failed)} tests fail." if several else f"{package}: a test fails.", ""]
    for test, message in list(zip(failed, said, strict=False))[:_SHOWN]:
        lines += [test, *(f"    {line}" for line in message.splitlines()), ""]
    if len(failed) > _SHOWN:
        lines += [f"and {len(failed) - _SHOWN} more", ""]
    lines.append("The tests are right. Find the mistake in the code and repair it.")
    return "\n".join(lines)
