import pytest
from clockwork import Scheduler


def test_actions_run_in_the_order_of_their_times():
    clock, log = Scheduler(), []
    clock.at(20, lambda: log.append("late"))
    clock.at(10, lambda: log.append("early"))
    assert clock.run_until(30) == 2
    assert log == ["early", "late"]
    assert clock.now == 30


def test_what_is_not_due_waits():
    clock, log = Scheduler(), []
    clock.after(15, lambda: log.append("x"))
    clock.run_until(14)
    assert log == []
    clock.run_until(15)
    assert log == ["x"]


def test_the_bell_rings_every_quarter():
    clock, log = Scheduler(), []
    clock.every(15, lambda: log.append(clock.now))
    clock.run_until(60)
    assert log == [15, 30, 45, 60]


def test_the_past_is_over():
    clock = Scheduler(100)
    with pytest.raises(ValueError):
        clock.at(99, print)
