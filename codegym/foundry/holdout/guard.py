"""Chooses the tests that a repair must not break: as many as a grade has time for.

A grade runs all deciding tests once and some of them a few times more (:mod:`codegym.grade.exam`), so that it
takes about 1.2 times one run of them, and a second or two for boxes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codegym.foundry.repository.reach import Reach, spread

SECONDS = 5.0
"""Seconds that one run of a task's tests may take. Then a grade takes less than ten."""
_MOST_TESTS = 800
"""Tests of one task, however quick they are: each of their ids is part of the task."""
_OTHERS = 25
"""Tests of the rest of the package, which run no line of the changed files."""


@dataclass(frozen=True)
class Guard:
    """What is known about a package's tests: their ``reach``, and the ``seconds`` that one run of all takes."""

    reach: Reach
    seconds: float

    def tests(self, paths: Iterable[str], chosen: Iterable[str] = ()) -> tuple[str, ...]:
        """Return all tests that run a line of the files ``paths``, and some of the others, in order.

        If they would take longer than :data:`SECONDS`, some are left out, and never those in ``chosen``. Every
        test counts with the average time of one.
        """
        reach = self.reach
        most = min(_MOST_TESTS, int(SECONDS * len(reach.tests) / self.seconds) if self.seconds else _MOST_TESTS)
        certain = {*chosen}
        reaching = {test for path in paths for tests in reach.lines.get(path, {}).values() for test in tests}
        near = spread([test for test in reach.tests if test in reaching - certain], most - len(certain))
        others = [test for test in reach.tests if test not in reaching and test not in certain]
        far = spread(others, min(_OTHERS, most - len(certain) - len(near)))
        guard = certain.union(near, far)
        return tuple(test for test in reach.tests if test in guard)
