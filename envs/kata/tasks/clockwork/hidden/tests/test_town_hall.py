import pytest
from clockwork import Scheduler


@pytest.fixture
def log():
    return []


def test_equal_times_run_in_the_order_of_scheduling(log):
    clock = Scheduler()
    for name in "dacb":
        clock.at(5, lambda name=name: log.append(name))
    clock.at(4, lambda: log.append("first"))
    clock.run_until(5)
    assert log == ["first", "d", "a", "c", "b"]


def test_now_is_the_time_of_the_event(log):
    clock = Scheduler(3)
    clock.at(7, lambda: log.append(clock.now))
    clock.after(10, lambda: log.append(clock.now))
    clock.run_until(50)
    assert log == [7, 13]
    assert clock.now == 50


def test_delays_inside_actions_count_from_the_event(log):
    clock = Scheduler()
    clock.at(10, lambda: clock.after(5, lambda: log.append(clock.now)))
    assert clock.run_until(100) == 2
    assert log == [15]


def test_scheduling_for_this_very_moment(log):
    clock = Scheduler()
    clock.at(10, lambda: clock.after(0, lambda: log.append("new")))
    clock.at(10, lambda: log.append("old"))
    clock.run_until(10)
    assert log == ["old", "new"]


def test_new_events_between_old_ones(log):
    clock = Scheduler()
    clock.at(10, lambda: clock.at(20, lambda: log.append("between")))
    clock.at(30, lambda: log.append("last"))
    clock.run_until(30)
    assert log == ["between", "last"]


def test_every_catches_up(log):
    clock = Scheduler(2)
    clock.every(3, lambda: log.append(clock.now))
    assert clock.run_until(12) == 3
    assert log == [5, 8, 11]
    clock.run_until(14)
    assert log == [5, 8, 11, 14]


def test_two_bells_keep_their_order(log):
    clock = Scheduler()
    clock.every(2, lambda: log.append("two"))
    clock.every(3, lambda: log.append("three"))
    clock.run_until(6)
    assert log == ["two", "three", "two", "three", "two"]


def test_a_repeated_event_is_rescheduled_before_it_runs(log):
    clock = Scheduler()

    def ring():
        log.append("ring")
        clock.after(5, lambda: log.append("echo"))

    clock.every(5, ring)
    clock.run_until(10)
    assert log == ["ring", "ring", "echo"]


def test_cancelling(log):
    clock = Scheduler()
    event = clock.at(5, lambda: log.append("no"))
    clock.at(6, lambda: log.append("yes"))
    event.cancel()
    assert clock.run_until(10) == 1
    assert log == ["yes"]


def test_cancelling_at_the_same_moment(log):
    clock = Scheduler()
    later = []
    clock.at(5, lambda: later[0].cancel())
    later.append(clock.at(5, lambda: log.append("no")))
    assert clock.run_until(5) == 1
    assert log == []


def test_a_bell_that_cancels_itself(log):
    clock = Scheduler()

    def ring():
        log.append(clock.now)
        if len(log) == 3:
            bell.cancel()

    bell = clock.every(10, ring)
    assert clock.run_until(1000) == 3
    assert log == [10, 20, 30]
    assert clock.pending == 0


def test_cancelling_again_and_too_late(log):
    clock = Scheduler()
    event = clock.at(1, lambda: log.append("ran"))
    clock.run_until(1)
    event.cancel()
    event.cancel()
    assert log == ["ran"]
    assert clock.pending == 0


def test_pending():
    clock = Scheduler()
    assert clock.pending == 0
    one = clock.at(5, lambda: None)
    clock.at(6, lambda: None)
    bell = clock.every(2, lambda: None)
    assert clock.pending == 3
    one.cancel()
    assert clock.pending == 2
    clock.run_until(6)
    assert clock.pending == 1
    bell.cancel()
    assert clock.pending == 0


def test_an_error_stops_the_clock_at_its_moment(log):
    clock = Scheduler()

    def fail():
        raise RuntimeError("the hammer fell off")

    clock.at(5, fail)
    clock.at(5, lambda: log.append("same moment"))
    clock.at(7, lambda: log.append(clock.now))
    with pytest.raises(RuntimeError):
        clock.run_until(20)
    assert (clock.now, log) == (5, [])
    assert clock.run_until(20) == 2
    assert log == ["same moment", 7]


def test_a_failing_bell_rings_again(log):
    clock = Scheduler()

    def ring():
        log.append(clock.now)
        raise RuntimeError("crack")

    clock.every(4, ring)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            clock.run_until(9)
    assert clock.run_until(9) == 0
    assert log == [4, 8]


@pytest.mark.parametrize("period", [0, -3])
def test_periods_are_positive(period):
    with pytest.raises(ValueError):
        Scheduler().every(period, print)


def test_time_does_not_run_backwards():
    clock = Scheduler(10)
    with pytest.raises(ValueError):
        clock.run_until(9)
    with pytest.raises(ValueError):
        clock.after(-1, print)
    assert clock.run_until(10) == 0
