"""Which tests a repair must not break."""

from __future__ import annotations

from codegym.foundry.holdout.guard import SECONDS, Guard
from codegym.foundry.repository.reach import Reach

TESTS = tuple(f"tests/test_a.py::test_{number:03}" for number in range(400))
NEAR, FAR = TESTS[:100], TESTS[100:]
REACH = Reach(TESTS, {"a.py": {1: frozenset(NEAR[:60]), 2: frozenset(NEAR[40:])}, "b.py": {1: frozenset(FAR)}})


def test_all_tests_that_run_a_line_of_the_file_and_some_others() -> None:
    guard = Guard(REACH, seconds=1).tests(["a.py"], [FAR[-1]])
    assert {*guard} >= {*NEAR, FAR[-1]}
    assert len(guard) == len(NEAR) + 1 + 25
    assert list(guard) == sorted(guard)


def test_slow_tests_are_left_out_except_chosen_ones() -> None:
    guard = Guard(REACH, seconds=40 * SECONDS).tests(["a.py"], TESTS[:4])
    assert {*guard} >= {*TESTS[:4]}
    assert len(guard) == 10
    assert {*guard} <= {*NEAR}
