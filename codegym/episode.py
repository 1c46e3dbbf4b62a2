"""Episodes: one record for training, evaluation and boards.

An :class:`Episode` is everything that a run records of one attempt at one task. It is written as one line of JSON
when it ends and is never changed. A reward of ``None`` means that nothing could be established; it is not zero,
and is left out of every statistic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    """The result of grading."""

    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    INVALID_PATCH = "invalid_patch"
    TIMEOUT = "timeout"
    TAMPERED = "tampered"
    INFRA_ERROR = "infra_error"


class TestStatus(StrEnum):
    """The result of one test. Only ``PASSED`` counts as passed; a test without a result is ``MISSING``."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    MISSING = "missing"


class Verdict(Frozen):
    """The grade of one patch. ``detail`` gives the reason in one line; ``cached`` says that no test was run.

    ``failure`` is set if the tests did not end in order: what failed, and whose fault it is. ``unproven`` counts
    the deciding tests that could not be examined, and so counted as passed when they passed.
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
    """One turn: the agent's action, the tool that it called (``None``: malformed), and the observation."""

    action: str
    tool: str | None
    observation: str
    seconds: float = 0.0
    cached: bool = False


@dataclass(frozen=True)
class Ending:
    """How an episode ended: ``info["ending"]`` of an env's last step.

    ``stop`` is why it ended, ``patch`` the agent's changes, ``verdict`` their grade, and ``components`` what the
    reward is weighed from. ``steps`` are all steps, in order. ``deadlines`` are the time limits that applied.
    ``seconds`` are wall-clock seconds by phase: ``reset``, ``tools`` and ``grade``.
    """

    stop: StopReason
    patch: str
    verdict: Verdict
    components: Mapping[str, float]
    steps: tuple[Step, ...]
    deadlines: tuple[Deadline, ...]
    seconds: Mapping[str, float]


class Episode(Frozen):
    """One attempt at one task. ``sample`` numbers a run's attempts at a task from 0."""

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
    """Return whether an episode has a grade, and so says something about its policy.

    An episode without one, lost to a failure of the machine, is left out of every statistic, and played again when
    its run is resumed.
    """
    if episode.reward is None or episode.verdict is None or episode.stop is StopReason.INFRA_ERROR:
        return False
    return episode.verdict.outcome is not Outcome.INFRA_ERROR


def is_resolved(episode: Episode) -> bool:
    """Return whether an episode's patch resolves its task."""
    return episode.verdict is not None and episode.verdict.outcome is Outcome.RESOLVED


MOST_LOST = 1 / 16
"""The share of episodes that the machine may lose before there is no score.

Episodes are seldom lost by chance: the long ones meet limits that nobody expected. If all of a lost sixteenth had
failed, the score would be six points too high, about half the interval of a board with a hundred tasks. Two tasks
with eight attempts each may lose one.
"""


def too_many_lost(lost: int, episodes: int) -> bool:
    """Return whether so many of the episodes were lost that the others can't be scored."""
    return lost > MOST_LOST * episodes
