from collections import Counter

from codegym.generator.stream import Stream


def test_a_stream_is_the_same_everywhere() -> None:
    stream = Stream("drill")
    assert [stream.below(1000) for _ in range(6)] == [558, 234, 868, 659, 335, 366]


def test_other_names_give_other_streams() -> None:
    assert len({Stream(f"d1-{number:06d}").below(1 << 60) for number in range(2000)}) == 2000


def test_numbers_are_spread_evenly_and_inside_their_bounds() -> None:
    stream = Stream("dice")
    throws = Counter(stream.between(1, 6) for _ in range(6000))
    assert set(throws) == {1, 2, 3, 4, 5, 6}
    assert all(850 < count < 1150 for count in throws.values())


def test_shuffling_keeps_the_values() -> None:
    stream = Stream("cards")
    cards = list(range(52))
    mixed = stream.shuffled(cards)
    assert sorted(mixed) == cards == list(range(52))
    assert mixed != cards
