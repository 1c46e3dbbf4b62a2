import pytest
from distance import within


class Expert:
    def __init__(self):
        self.asked = 0

    def same(self, x, y):
        self.asked += 1
        return x == y


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("kitten", "sitting", 3), ("flaw", "lawn", 2), ("", "abc", 3), ("same", "same", 0)],
)
def test_distances(a, b, distance):
    assert within(a, b, 5, Expert().same) == distance


def test_too_far():
    assert within("kitten", "sitting", 2, Expert().same) is None


def test_equal_inscriptions_are_cheap():
    expert = Expert()
    assert within("a" * 100, "a" * 100, 2, expert.same) == 0
    assert expert.asked <= 5 * 100
