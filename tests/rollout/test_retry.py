"""What is tried again after a failure of the machine, how often, and after which wait."""

import pytest

from codegym.errors import ConfigError, GradeError, PolicyError, SandboxError
from codegym.failure import Failure, FailureKind, Owner
from codegym.rollout.retry import GaveUpError, Retry

OF_TASK = Failure(FailureKind.TEST_TIMEOUT, Owner.TASK)


class Attempts:
    """Raises the given errors one after the other, then returns how often it was called."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.count


@pytest.mark.parametrize(
    "error", [SandboxError("box"), GradeError("grade"), PolicyError("policy"), OSError("disk")]
)
def test_a_failure_of_the_machine_is_tried_again(error: Exception) -> None:
    failures: list[Exception] = []
    waits: list[float] = []
    attempt = Attempts(error, error)
    assert Retry(2).run(attempt, failed=failures.append, wait=waits.append) == 3
    assert failures == [error, error]
    assert waits == [0.1, 0.4]


def test_any_other_exception_is_raised_at_once() -> None:
    attempt = Attempts(ConfigError("wrong option"))
    with pytest.raises(ConfigError):
        Retry(5).run(attempt, wait=lambda _: None)
    assert attempt.count == 1


def test_giving_up_tells_every_failure_and_does_not_wait_after_the_last() -> None:
    waits: list[float] = []
    errors = [SandboxError("first"), OSError("second")]
    with pytest.raises(GaveUpError, match="second") as gave_up:
        Retry(1).run(Attempts(*errors), wait=waits.append)
    assert gave_up.value.errors == errors
    assert waits == [0.1]


def test_a_failure_of_the_task_is_tried_again_once() -> None:
    errors = [GradeError("too slow", OF_TASK), SandboxError("box"), GradeError("too slow", OF_TASK)]
    attempt = Attempts(*errors, SandboxError("never reached"))
    with pytest.raises(GaveUpError) as gave_up:
        Retry(9).run(attempt, wait=lambda _: None)
    assert gave_up.value.errors == errors
    assert Retry(9).run(Attempts(GradeError("too slow", OF_TASK)), wait=lambda _: None) == 2


def test_waits_grow_to_five_seconds() -> None:
    assert list(Retry(5).waits()) == pytest.approx([0.1, 0.4, 1.6, 5.0, 5.0])
    assert list(Retry(0).waits()) == []
