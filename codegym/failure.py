"""Why a test run gave no usable result: what failed, and whose fault it is.

The owner decides what happens next. A failure caused by the *agent* is scored like any wrong answer. One that the
*task* causes even with its own solution says nothing about an agent: the task is quarantined. One caused by
*infrastructure* is retried; if it happens again, the episode is left out of all statistics, counted and reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """The part that failed."""

    IMAGE = "image"
    BOX = "box"
    SETUP_TIMEOUT = "setup_timeout"
    TEST_TIMEOUT = "test_timeout"
    MEMORY = "memory"
    DISK = "disk"
    NOT_STARTED = "not_started"
    UNREADABLE = "unreadable"


class Owner(StrEnum):
    """Who caused a failure."""

    AGENT = "agent"
    TASK = "task"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True)
class Failure:
    """What failed in one grading, and who caused it."""

    kind: FailureKind
    owner: Owner = Owner.INFRASTRUCTURE

    def __str__(self) -> str:
        return f"{self.owner}: {self.kind}"
