from fractions import Fraction

import pytest
from calc import CalcError, evaluate


def test_precedence():
    assert evaluate("1 + 2 * 3") == 7


def test_it_never_rounds():
    assert evaluate("0.1 + 0.2") == Fraction(3, 10)


def test_powers_bind_tighter_than_minus():
    assert evaluate("-2 ^ 2") == -4


def test_names():
    assert evaluate("2 * pi", {"pi": Fraction(22, 7)}) == Fraction(44, 7)


def test_the_end_is_to_blame():
    with pytest.raises(CalcError) as caught:
        evaluate("1 +")
    assert caught.value.position == 3
