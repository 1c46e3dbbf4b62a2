"""Why a test run could not be taken at its word: what failed, and whose fault that is.

The owner decides what happens. What the *agent* brought about is scored like any wrong answer. What the *task*
brings about by itself, with its own solution in place, says nothing about an agent: the task is quarantined.
What *infrastructure* brought about is tried again, and then left out, counted and shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What failed."""

    IMAGE = "image"
    BOX = "box"
    SETUP_TIMEOUT = "setup_timeout"
    TEST_TIMEOUT = "test_timeout"
    MEMORY = "memory"
    DISK = "disk"
    NOT_STARTED = "not_started"
    UNREADABLE = "unreadable"


class Owner(StrEnum):
    """Whose fault it is."""

    AGENT = "agent"
    TASK = "task"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True)
class Failure:
    """A failure of one grading."""

    kind: FailureKind
    owner: Owner = Owner.INFRASTRUCTURE

    def __str__(self) -> str:
        return f"{self.owner}: {self.kind}"
