from fractions import Fraction

import pytest
from calc import CalcError, evaluate

VALUES = {
    "7": 7,
    "  42  ": 42,
    "3.250": Fraction(13, 4),
    "007": 7,
    "10 - 4 - 3": 3,
    "2 * 3 + 4 * 5": 26,
    "100 / 10 / 4": Fraction(5, 2),
    "1 / 3 * 3": 1,
    "6 / 4 * 2": 3,
    "2 ^ 3 ^ 2": 512,
    "(2 ^ 3) ^ 2": 64,
    "-3 ^ 2": -9,
    "(-3) ^ 2": 9,
    "2 ^ -2": Fraction(1, 4),
    "2 ^ - - 2": 4,
    "2 ^ -1 ^ 5": Fraction(1, 2),
    "0 ^ 0": 1,
    "(1 / 2) ^ 3": Fraction(1, 8),
    "4 ^ (6 / 3)": 16,
    "- - 5": 5,
    "+-+5": -5,
    "3 - -2": 5,
    "3 * -2": -6,
    "3--2": 5,
    "-2 * 3": -6,
    "12 / -4 ^ 2": Fraction(-3, 4),
    "((((8))))": 8,
    "2 * (3 + 4) * 5": 70,
    "min(3)": 3,
    "min(4, 2, 9)": 2,
    "max(1/3, 0.3)": Fraction(1, 3),
    "abs(2 - 10)": 8,
    "-abs(-2) ^ 2": -4,
    "max(min(1, 2), abs(-3)) * 2": 6,
    "x": 5,
    "x * y_2 - long_name": Fraction(1, 2),
    "min + 1": 11,
    "min(min, 3)": 3,
    "2 ^ 1000 / 2 ^ 999": 2,
    "(1 / 3) ^ 2": Fraction(1, 9),
    "3 ^ 40 + 1": 12157665459056928802,
    "10 ^ 400 / 10 ^ 399": 10,
    "0.7 ^ -3": Fraction(1000, 343),
}
NAMES = {"x": 5, "y_2": Fraction(3, 2), "long_name": 7, "min": 10}

ERRORS = {
    "empty": ("", 0),
    "blank": ("   ", 3),
    "dangling-operator": ("1 + 2 *", 7),
    "two-values": ("1 2", 2),
    "no-implicit-product": ("2(3)", 1),
    "value-then-name": ("2x", 1),
    "double-star": ("2 ** 3", 3),
    "leading-operator": ("* 3", 0),
    "not-closed": ("(1 + 2", 6),
    "not-opened": ("1 + 2)", 5),
    "empty-parentheses": ("3 * ()", 5),
    "strange-character": ("1 + 2 % 3", 6),
    "strange-character-after-error-free-part": ("1 + $", 4),
    "tab": ("1\t+ 2", 1),
    "newline": ("1\n", 1),
    "upper-case": ("2 * X", 4),
    "bare-dot": (".5", 0),
    "trailing-dot": ("5.", 1),
    "two-dots": ("1.2.3", 3),
    "arabic-digits": ("\u0663", 0),
    "unknown-name": ("1 + z", 4),
    "function-without-call": ("abs + 1", 0),
    "unknown-function": ("2 + sqrt(4)", 4),
    "name-is-no-function": ("x(4)", 0),
    "no-arguments": ("max()", 4),
    "trailing-comma": ("min(1, )", 7),
    "comma-outside": ("1, 2", 1),
    "comma-in-parentheses": ("(1, 2)", 2),
    "too-many-arguments": ("1 + abs(1, 2)", 4),
    "division-by-zero": ("8 / (2 - 2)", 2),
    "later-division-by-zero": ("8 / 4 / 0", 6),
    "zero-to-a-negative-power": ("3 * 0 ^ -1", 6),
    "broken-exponent": ("4 ^ 0.5", 2),
    "huge-exponent": ("1 ^ 1001", 2),
    "huge-negative-exponent": ("2 ^ -1001", 2),
    "tower": ("9 ^ 9 ^ 9", 2),
    "python": ("__import__(1)", 0),
}


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_value(number):
    text, expected = list(VALUES.items())[number]
    value = evaluate(text, NAMES)
    assert isinstance(value, Fraction)
    assert value == expected


@pytest.mark.parametrize("name", list(ERRORS))
def test_error(name):
    text, position = ERRORS[name]
    with pytest.raises(CalcError) as caught:
        evaluate(text, NAMES)
    assert caught.value.position == position


def test_no_names():
    with pytest.raises(CalcError):
        evaluate("x")
