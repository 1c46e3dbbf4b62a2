import itertools

import pytest
from rooms.intervals import collides, first_slot, merge, subtract


def minutes_of(intervals):
    return {minute for start, end in intervals for minute in range(start, end)}


def is_tidy(intervals):
    return all(s < e for s, e in intervals) and all(a[1] < b[0] for a, b in itertools.pairwise(intervals))


SMALL = [(s, e) for s in range(6) for e in range(s, 7)]


def test_a_short_meeting_inside_a_long_one():
    assert merge([(0, 100), (10, 20), (50, 60)]) == [(0, 100)]


def test_touching_chains_become_one():
    assert merge([(20, 30), (0, 10), (10, 20), (40, 50)]) == [(0, 30), (40, 50)]


def test_empty_intervals_count_for_nothing():
    assert merge([(5, 5)]) == []
    assert merge([(1, 3), (7, 7), (9, 9)]) == [(1, 3)]


def test_empty_intervals_do_not_glue():
    assert merge([(0, 1), (2, 2), (3, 4)]) == [(0, 1), (3, 4)]


def test_merge_of_all_small_pairs():
    for first, second, third in itertools.product(SMALL[::2], SMALL, SMALL[::3]):
        merged = merge([first, second, third])
        assert is_tidy(merged)
        assert minutes_of(merged) == minutes_of([first, second, third])


def test_backwards_intervals_are_refused():
    assert merge([(1, 2), (8, 9)]) == [(1, 2), (8, 9)]
    with pytest.raises(ValueError):
        merge([(1, 2), (9, 8)])


def test_merge_takes_any_iterable_and_leaves_lists_alone():
    bookings = [(30, 40), (10, 20)]
    assert merge(iter(bookings)) == [(10, 20), (30, 40)]
    assert bookings == [(30, 40), (10, 20)]


def test_a_hole_over_the_start():
    assert subtract([(540, 720)], [(500, 600)]) == [(600, 720)]


def test_a_hole_over_two_intervals():
    assert subtract([(0, 10), (20, 30)], [(5, 25)]) == [(0, 5), (25, 30)]


def test_holes_that_swallow_everything():
    assert subtract([(3, 5), (6, 8)], [(0, 4), (4, 9)]) == []


def test_subtract_of_all_small_triples():
    for first, second, hole in itertools.product(SMALL[::2], SMALL[::3], SMALL):
        left = subtract([first, second], [hole, (3, 4)])
        assert is_tidy(left)
        assert minutes_of(left) == minutes_of([first, second]) - minutes_of([hole, (3, 4)])


def test_a_booking_around_another_collides():
    assert collides((500, 700), [(560, 570)])
    assert collides((560, 570), [(500, 700)])
    assert not collides((560, 570), [(500, 560), (570, 700)])
    assert merge([(500, 700), (560, 570), (700, 710)]) == [(500, 710)]


def test_collides_means_a_shared_minute():
    for first, second in itertools.product(SMALL, SMALL):
        assert collides(first, [second]) == bool(minutes_of([first]) & minutes_of([second]))


def test_collides_with_nobody():
    assert not collides((1, 2), [])


def test_a_gap_that_just_fits():
    assert first_slot((0, 100), [(0, 30), (60, 100)], 30) == (30, 60)
    assert first_slot((0, 100), [], 100) == (0, 100)


def test_no_gap_fits():
    assert first_slot((0, 100), [(20, 90)], 21) is None


def test_bookings_outside_the_day_do_not_matter():
    assert first_slot((100, 200), [(0, 120), (190, 500)], 70) == (120, 190)


def test_nested_bookings_do_not_free_the_room():
    assert first_slot((0, 300), [(0, 200), (50, 60)], 60) == (200, 260)


@pytest.mark.parametrize("length", [0, -5])
def test_slots_need_a_minute(length):
    assert first_slot((0, 10), [], 1) == (0, 1)
    with pytest.raises(ValueError):
        first_slot((0, 10), [], length)
