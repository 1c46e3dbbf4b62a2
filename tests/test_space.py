from copy import deepcopy

from gymnasium.spaces.utils import flatten, unflatten
from hypothesis import given
from hypothesis import strategies as st

from codegym.space import PrintableText
from codegym.tool.cut import printable

SPACE = PrintableText(200)


@given(st.text(max_size=200))
def test_printable_texts_and_only_these_are_inside(text: str) -> None:
    assert printable(text) in SPACE
    assert (text in SPACE) == (printable(text) == text)


@given(st.text(max_size=200).map(printable))
def test_texts_survive_shared_memory(text: str) -> None:
    assert unflatten(SPACE, flatten(SPACE, text)) == text


def test_samples_are_inside_and_length_is_bounded() -> None:
    SPACE.seed(1)
    assert all(SPACE.sample() in SPACE for _ in range(50))
    assert "é漢\n\t" in SPACE
    assert "a" * 201 not in SPACE
    assert 7 not in SPACE


def test_copies_are_equal_and_cheap() -> None:
    assert deepcopy(SPACE) == SPACE
    assert PrintableText(5) != SPACE
    assert repr(SPACE) == "PrintableText(200)"
