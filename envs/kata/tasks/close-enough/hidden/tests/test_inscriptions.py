import itertools

import pytest
from distance import within


class Glyph:
    """Can't be compared or hashed: only the expert knows. Comes from the left or the right inscription."""

    __hash__ = None

    def __init__(self, sign, side):
        self.sign, self.side = sign, side

    def __eq__(self, other):
        raise AssertionError("ask the expert")


class Expert:
    def __init__(self):
        self.asked = 0

    def same(self, x, y):
        assert (x.side, y.side) == ("a", "b"), "the expert wants the first glyph from a, the second from b"
        self.asked += 1
        return x.sign == y.sign


def ask(a, b, limit):
    expert = Expert()
    answer = within([Glyph(sign, "a") for sign in a], [Glyph(sign, "b") for sign in b], limit, expert.same)
    return answer, expert.asked


def reference(a, b):
    previous = list(range(len(b) + 1))
    for row, x in enumerate(a, 1):
        current = [row]
        for column, y in enumerate(b, 1):
            current.append(min(previous[column - 1] + (x != y), previous[column] + 1, current[-1] + 1))
        previous = current
    return previous[-1]


def text(seed, length, letters="abcd"):
    out = []
    for _ in range(length):
        seed = (seed * 1103515245 + 12345) % 2**31
        out.append(letters[(seed >> 16) % len(letters)])
    return "".join(out)


def damaged(original, seed, edits):
    signs = list(original)
    for number in range(edits):
        place = (seed * 31 + number * 97) % len(signs)
        if number % 3 == 0:
            signs[place] = "#"
        elif number % 3 == 1:
            del signs[place]
        else:
            signs.insert(place, "+")
    return "".join(signs)


SHORT = [text(seed, length, "ab") for seed, length in itertools.product(range(1, 4), range(7))]
PAIRS = {
    "equal": (text(5, 200), text(5, 200)),
    "one-edit": (text(6, 200), damaged(text(6, 200), 3, 1)),
    "five-edits": (text(7, 200), damaged(text(7, 200), 11, 5)),
    "a-longer": (text(8, 204), damaged(text(8, 204), 5, 2)[:-3]),
    "b-longer": (damaged(text(9, 204), 5, 2)[:-3], text(9, 204)),
    "unrelated": (text(10, 150), text(11, 150)),
    "nothing-in-common": ("a" * 150, "b" * 150),
    "shifted": ("abc" * 60, "c" + "abc" * 60),
    "short-and-long": (text(12, 40), text(12, 43)),
}


def test_short_inscriptions():
    for a, b in itertools.product(SHORT, SHORT):
        for limit in (0, 2, 9):
            distance = reference(a, b)
            assert ask(a, b, limit)[0] == (distance if distance <= limit else None)


@pytest.mark.parametrize("name", list(PAIRS))
def test_long_inscriptions(name):
    a, b = PAIRS[name]
    distance = reference(a, b)
    for limit in (0, 4, 5, 20):
        assert ask(a, b, limit)[0] == (distance if distance <= limit else None)


@pytest.mark.parametrize("name", list(PAIRS))
@pytest.mark.parametrize("limit", [0, 1, 3, 8])
def test_the_expert_is_paid_for_the_band_only(name, limit):
    a, b = PAIRS[name]
    distance = reference(a, b)
    answer, asked = ask(a, b, limit)
    assert answer == (distance if distance <= limit else None)
    assert asked <= (2 * limit + 1) * min(len(a), len(b))
    assert ask(a, "#" * limit + a[limit:], limit)[0] == limit


@pytest.mark.parametrize("limit", [0, 1, 4, 10])
def test_hopeless_cases_end_early(limit):
    answer, asked = ask("a" * 300, "b" * 300, limit)
    assert answer is None
    assert asked <= (2 * limit + 1) * (limit + 1)
    assert ask("a" * 300, "b" * limit + "a" * (300 - limit), limit)[0] == limit


def test_hopeless_from_the_middle_on():
    answer, asked = ask("a" * 100 + "x" * 200, "a" * 100 + "y" * 200, 3)
    assert answer is None
    assert asked <= 7 * 104
    assert ask("a" * 100 + "x" * 3, "a" * 100 + "y" * 3, 3)[0] == 3


@pytest.mark.parametrize(("a", "b"), [("a" * 9, "a" * 50), ("a" * 50, "a" * 9)], ids=["b-longer", "a-longer"])
def test_lengths_alone_can_tell(a, b):
    assert ask(a, b, 40) == (None, 0)
    assert ask(a, b, 41)[0] == 41


def test_empty_inscriptions_need_no_expert():
    assert ask("", "", 0) == (0, 0)
    assert ask("", "abc", 3) == (3, 0)
    assert ask("abc", "", 2) == (None, 0)


def test_a_huge_limit_asks_at_most_once_per_pair():
    a, b = text(20, 30), text(21, 25)
    answer, asked = ask(a, b, 1000)
    assert answer == reference(a, b)
    assert asked <= 30 * 25


def test_negative_limits_are_refused():
    with pytest.raises(ValueError):
        ask("a", "a", -1)
