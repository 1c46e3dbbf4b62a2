"""An event scheduler on simulated time: nothing here ever looks at a real clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Action = Callable[[], object]


class Event:
    """Something that was scheduled; keep it in order to cancel it."""

    def __init__(self, time: int, action: Action, period: int | None = None) -> None:
        self.time = time
        self.action = action
        self.period = period
        self.cancelled = False

    def cancel(self) -> None:
        """Make sure that the action does not run (again), even if its turn is this very moment."""
        self.cancelled = True


class Scheduler:
    """Runs actions in the order of their times; those of equal times in the order they were scheduled.

    A repeated event counts as scheduled anew, for its next turn, right before its action runs.
    """

    def __init__(self, now: int = 0) -> None:
        self.now = now
        self._queue: list[tuple[int, int, Event]] = []
        self._count = 0

    def at(self, time: int, action: Action) -> Event:
        """Run ``action`` once, at ``time``. Raises ValueError if that has passed; this moment is fine."""
        if time < self.now:
            raise ValueError(f"{time} is in the past, it is {self.now}")
        return self._push(Event(time, action))

    def after(self, delay: int, action: Action) -> Event:
        """Run ``action`` once, ``delay`` from now."""
        return self.at(self.now + delay, action)

    def every(self, period: int, action: Action) -> Event:
        """Run ``action`` at now + period, now + 2 * period, … Raises ValueError unless the period is positive."""
        if period <= 0:
            raise ValueError(f"a period must be positive, not {period}")
        return self._push(Event(self.now + period, action, period))

    @property
    def pending(self) -> int:
        """How many events are still to come; a repeated event counts once, a cancelled one not at all."""
        return sum(not event.cancelled for _, _, event in self._queue)

    def run_until(self, time: int) -> int:
        """Run what is due up to and including ``time``, and return how many actions ran.

        While an action runs, ``now`` is its event's time; afterwards ``now`` is ``time``. What the actions
        schedule runs too, if it is due. If an action raises, the error is passed on: ``now`` stays at that
        moment, and a later call goes on with what is left. Raises ValueError if ``time`` has passed.
        """
        if time < self.now:
            raise ValueError(f"{time} is in the past, it is {self.now}")
        ran = 0
        while self._queue and self._queue[0][0] <= time:
            due, _, event = heapq.heappop(self._queue)
            if event.cancelled:
                continue
            self.now = due
            if event.period is not None:
                event.time = due + event.period
                self._push(event)
            ran += 1
            event.action()
        self.now = time
        return ran

    def _push(self, event: Event) -> Event:
        heapq.heappush(self._queue, (event.time, self._count, event))
        self._count += 1
        return event
