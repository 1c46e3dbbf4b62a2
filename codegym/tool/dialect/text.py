"""What textual dialects share: the setting told to every policy, and thoughts left out of actions."""

from __future__ import annotations

import re

SETTING = (
    "You work on a repository in a sandbox, one action per turn. Find out what is wrong, change the code so that "
    "the task is done, check it with the tests, then submit. Hidden tests decide; changes to tests do not count."
)

_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


def without_thoughts(text: str) -> str:
    """Return ``text`` without the ``<think>`` block that reasoning models begin with."""
    return _THOUGHTS.sub("", text, count=1)
