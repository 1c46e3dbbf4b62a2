"""What happened: one record for training, evaluation and boards.

An :class:`Episode` is everything a run keeps of one attempt at one task. It is written as one line of JSON
when it ends and never changed. A reward of ``None`` means that nothing could be established, and is left out
of every statistic; it is not zero.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from codegym.deadline import Deadline
from codegym.failure import Failure
from codegym.task import Frozen
from codegym.tokens import Tokens


class StopReason(StrEnum):
    """Why an episode ended."""

    SUBMITTED = "submitted"
    TURN_LIMIT = "turn_limit"
    TIME_LIMIT = "time_limit"
    CONTEXT_LIMIT = "context_limit"
    INFRA_ERROR = "infra_error"


class Outcome(StrEnum):
    """What grading established."""

    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    INVALID_PATCH = "invalid_patch"
    TIMEOUT = "timeout"
    TAMPERED = "tampered"
    INFRA_ERROR = "infra_error"


class TestStatus(StrEnum):
    """The result of one test. Only ``PASSED`` counts as passed; what was not seen is ``MISSING``."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    MISSING = "missing"


class Verdict(Frozen):
    """A grader's word on one patch. ``detail`` says in one line why; ``cached`` that no test was run for it.

    ``failure`` is set where the tests did not come to an orderly end: what failed, and whose fault it is.
    ``unproven`` counts the deciding tests that could not be examined: they were believed when they passed.
    """

    outcome: Outcome
    fail_to_pass: dict[str, TestStatus] = Field(default_factory=dict)
    pass_to_pass: dict[str, TestStatus] = Field(default_factory=dict)
    detail: str = ""
    failure: Failure | None = None
    unproven: int = Field(0, exclude_if=lambda count: not count)  # older episodes keep their digests
    seconds: float = 0.0
    cached: bool = False


class Step(Frozen):
    """One turn: what the agent said, the tool it became (``None``: malformed), what it was shown."""

    action: str
    tool: str | None
    observation: str
    seconds: float = 0.0
    cached: bool = False


class Episode(Frozen):
    """One attempt at one task. ``sample`` numbers the attempts at the same task in the same run from 0."""

    id: str
    suite: str
    task: str
    task_digest: str
    policy: str
    seed: int
    sample: int = 0
    instruction: str = ""
    first_observation: str = ""
    steps: tuple[Step, ...] = ()
    stop: StopReason
    patch: str = ""
    verdict: Verdict | None = None
    reward: float | None = None
    components: dict[str, float] = Field(default_factory=dict)
    tokens: Tokens | None = None
    usage: dict[str, int] = Field(default_factory=dict)
    timings: dict[str, float] = Field(default_factory=dict)
    deadlines: tuple[Deadline, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    error: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)


def is_graded(episode: Episode) -> bool:
    """Return whether an episode says something about its policy; infrastructure trouble says nothing.

    What does not is left out of every statistic, and played again when its run is resumed.
    """
    if episode.reward is None or episode.verdict is None or episode.stop is StopReason.INFRA_ERROR:
        return False
    return episode.verdict.outcome is not Outcome.INFRA_ERROR


MOST_LOST = 1 / 16
"""The share of episodes that may be lost to infrastructure before there is no score.

What is lost is seldom lost by chance: long episodes run into limits that nobody understood. If all of a sixteenth
had failed, a score would be six points too high, about half the interval of a board with a hundred tasks; and two
tasks with eight attempts each may lose one.
"""


def too_many_lost(lost: int, episodes: int) -> bool:
    """Return whether so many of the episodes were lost that the others are no score."""
    return lost > MOST_LOST * episodes
