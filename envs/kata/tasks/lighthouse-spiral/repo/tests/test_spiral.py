from lighthouse import unwind, wind


def test_a_square_is_read_clockwise():
    assert unwind([[1, 2, 3], [8, 9, 4], [7, 6, 5]]) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_from_the_bottom_right_corner():
    assert unwind([[1, 2], [3, 4]], start="se") == [4, 3, 1, 2]


def test_wind_undoes_unwind():
    assert wind(list("abcdef"), 2, 3) == [["a", "b", "c"], ["f", "e", "d"]]
