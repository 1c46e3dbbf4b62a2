from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from tipjar import divide_half_even, percent, share


def test_small_quotients_agree_with_decimal():
    for numerator in range(-60, 61):
        for denominator in (1, 2, 4, 5, 8, 10, 16):
            exact = Decimal(numerator) / Decimal(denominator)
            expected = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
            assert divide_half_even(numerator, denominator) == expected
            assert divide_half_even(-numerator, -denominator) == expected


def test_thirds():
    assert [divide_half_even(n, 3) for n in (-5, -4, 4, 5)] == [-2, -1, 1, 2]


@pytest.mark.parametrize("base", [2**53, 10**18, 10**30], ids=["2e53", "1e18", "1e30"])
@pytest.mark.parametrize("sign", [1, -1], ids=["credit", "debt"])
def test_large_amounts_are_exact(base, sign):
    assert divide_half_even(sign * (2 * base + 1), 2) == sign * base
    assert divide_half_even(sign * (2 * base + 3), 2) == sign * (base + 2)
    assert divide_half_even(sign * (3 * base + 2), 3) == sign * (base + 1)


def test_amounts_beyond_floats_do_not_overflow():
    assert divide_half_even(10**400, 3) == (10**400 - 1) // 3
    assert divide_half_even(-(10**400) - 1, 10**399) == -10


def test_a_hair_over_a_half_is_rounded_up():
    assert divide_half_even(10**20 + 1, 2 * 10**20) == 1
    assert divide_half_even(-(10**20) - 1, 2 * 10**20) == -1
    assert divide_half_even(10**20, 2 * 10**20) == 0


def test_division_by_zero():
    with pytest.raises(ZeroDivisionError):
        divide_half_even(1, 0)


def test_percent_of_a_treasury():
    assert percent(123_456_789_012_345_678_905, 1000) == 12_345_678_901_234_567_890


def test_percent_rounds_half_to_even():
    assert [percent(c, 5000) for c in (1, 3, 5, 7, -7)] == [0, 2, 2, 4, -4]


def test_largest_fraction_gets_the_odd_cent():
    assert share(10, [1, 5, 3]) == [1, 6, 3]
    assert share(10, [16, 17, 17]) == [3, 4, 3]
    assert share(10, [1, 1, 1, 1]) == [3, 3, 2, 2]
    assert share(100, [1, 2, 4]) == [14, 29, 57]


def test_equal_fractions_go_to_the_earlier():
    assert share(5, [1, 1, 1, 1]) == [2, 1, 1, 1]
    assert share(7, [2, 1, 2, 1]) == [3, 1, 2, 1]
    assert share(3, [1, 1]) == [2, 1]


def test_zero_weights_get_nothing():
    assert share(5, [0, 1, 1]) == [0, 3, 2]
    assert share(1, [0, 0, 7]) == [0, 0, 1]


def test_a_debt_is_shared_like_a_credit():
    for cents in (1, 5, 100, 101):
        assert share(-cents, [3, 1, 2]) == [-part for part in share(cents, [3, 1, 2])]
    assert share(-2, [1, 1, 1]) == [-1, -1, 0]


def test_shares_add_up_and_are_fair():
    for cents in (0, 1, 17, 9_999, 10**25 + 7):
        for weights in ([1], [7, 11, 13], [1] * 9, [10**20, 1, 10**20]):
            shares = share(cents, weights)
            assert sum(shares) == cents
            for part, weight in zip(shares, weights, strict=True):
                assert abs(part - Fraction(cents * weight, sum(weights))) < 1


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]], ids=["nobody", "zeros", "negative"])
def test_bad_weights_are_refused(weights):
    with pytest.raises(ValueError):
        share(10, weights)
