"""The one policy of trying again after a failure of the machine.

- A failure is of the machine if it is a :class:`SandboxError`, :class:`GradeError`, :class:`PolicyError` or
  ``OSError``. It says nothing about the agent. Every other exception is a mistake in codegym or in what the user
  wrote, and is raised at once.
- A failure of the machine is tried again ``times`` times.
- A failure that the task brings about by itself (:class:`~codegym.failure.Owner`) is tried again once at most:
  a loaded machine can look like a task that is too slow, but seldom twice.
- The waits between attempts grow fourfold, from 0.1 s to 5 s at most. There is none after the last attempt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from codegym.errors import GradeError, PolicyError, SandboxError
from codegym.failure import Owner

T = TypeVar("T")

MACHINE_FAILURES = (SandboxError, GradeError, PolicyError, OSError)
"""Exceptions that say nothing about the agent."""

FIRST_WAIT_SECONDS = 0.1
WAIT_GROWTH = 4
LONGEST_WAIT_SECONDS = 5.0


class GaveUpError(Exception):
    """Every attempt failed. ``errors`` are the failures, in order; there is at least one."""

    def __init__(self, errors: list[Exception]) -> None:
        super().__init__(str(errors[-1]))
        self.errors = errors


@dataclass(frozen=True)
class Retry:
    """How often an attempt is made again. ``times`` does not count the first attempt."""

    times: int = 2

    def run(
        self,
        attempt: Callable[[], T],
        *,
        failed: Callable[[Exception], None] = lambda _error: None,
        wait: Callable[[float], object] = time.sleep,
    ) -> T:
        """Return what ``attempt`` returns, from the first time that the machine does not fail.

        ``failed`` is called after every failure, before the wait: it puts away what the attempt used. ``wait`` is
        called with the seconds to wait. Raises :class:`GaveUpError`.
        """
        errors: list[Exception] = []
        for seconds in (*self.waits(), None):
            try:
                return attempt()
            except MACHINE_FAILURES as error:
                errors.append(error)
                failed(error)
                if seconds is None or sum(map(is_of_task, errors)) > 1:
                    raise GaveUpError(errors) from error
            wait(seconds)
        raise AssertionError("the last attempt returns or raises")

    def waits(self) -> Iterator[float]:
        """Yield the seconds to wait before each new attempt."""
        for number in range(self.times):
            yield min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * WAIT_GROWTH**number)


def is_of_task(error: Exception) -> bool:
    """Return whether the task brought about a failure by itself, with its own solution in place."""
    return isinstance(error, GradeError) and error.failure.owner is Owner.TASK
