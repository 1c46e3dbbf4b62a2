from rooms.intervals import collides, first_slot, merge, subtract


def test_overlapping_bookings_become_one():
    assert merge([(600, 660), (540, 630)]) == [(540, 660)]


def test_back_to_back_bookings_become_one():
    assert merge([(540, 600), (600, 660)]) == [(540, 660)]


def test_a_hole_in_the_middle():
    assert subtract([(540, 720)], [(600, 660)]) == [(540, 600), (660, 720)]


def test_meetings_that_touch_do_not_collide():
    assert not collides((540, 600), [(600, 660), (480, 540)])


def test_the_first_half_hour():
    assert first_slot((540, 1020), [(540, 600), (615, 700)], 30) == (700, 730)
