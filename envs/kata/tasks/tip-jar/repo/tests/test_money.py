from tipjar import divide_half_even, percent, share


def test_halves_go_to_the_even_neighbour():
    assert [divide_half_even(n, 2) for n in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]


def test_ten_percent():
    assert percent(1995, 1000) == 200


def test_three_people_share_a_euro():
    assert share(100, [1, 1, 1]) == [34, 33, 33]


def test_two_cents_for_three_people():
    assert share(2, [1, 1, 1]) == [1, 1, 0]
