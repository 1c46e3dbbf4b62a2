"""Substitutes for literals look like the original, so that code can't tell which is the original."""

from __future__ import annotations

import ast
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.grade.form.literal import MOST, other_literals

VALUES = [
    "4",
    "0",
    "100",
    "1_000",
    "0.5",
    "3.14",
    "1e-9",
    "'text'",
    "b'ab'",
    "'--'",
    "r'\\d'",
    '"it\'s"',
    "'é'",
]
VALUES += ["'2024-01-31'", "u'x'", '"""abc"""', "'😀'", "True", "false"]


@pytest.mark.parametrize("value", VALUES)
def test_substitutes_look_like_the_original(value: str) -> None:
    drawn = {other for seed in range(20) for other in other_literals(value, [], Random(seed))}
    assert drawn
    assert value not in drawn
    assert {len(other) for other in drawn} == {len(value)} or value in ("True", "false")
    assert all(letter_classes(other) == letter_classes(value) for other in drawn if value[-1:] not in "\"'e")


def letter_classes(text: str) -> str:
    return "".join("9" if letter.isdigit() else letter for letter in text)


@pytest.mark.parametrize("value", VALUES)
def test_from_a_substitute_the_original_can_be_drawn(value: str) -> None:
    (other, *_) = other_literals(value, [], Random(1))
    assert value in {back for seed in range(400) for back in other_literals(other, [], Random(seed))}


@pytest.mark.parametrize(
    ("near", "value"), [(["1", "2", "'a'", "2.5"], "3"), (["'xy'", "'z'", '"q"', "1"], "'ab'")]
)
def test_literals_of_one_kind_that_stand_near_stand_for_each_other(near: list[str], value: str) -> None:
    drawn = {other for seed in range(20) for other in other_literals(value, near, Random(seed))}
    assert set(near[:2]) <= drawn
    assert not {*near[2:]} & drawn
    back = {other for seed in range(50) for other in other_literals(near[0], [value, *near[1:]], Random(seed))}
    assert value in back


@given(st.one_of(st.text(max_size=8), st.integers(0), st.binary(max_size=6)), st.integers(0, 99))
def test_a_substitute_has_another_value_of_the_same_type(value: str | int | bytes, seed: int) -> None:
    drawn = other_literals(repr(value), [], Random(seed))
    assert len(drawn) <= MOST
    assert len(set(drawn)) == len(drawn)
    for other in map(ast.literal_eval, drawn):
        assert type(other) is type(value)
        assert other != value


@given(st.floats(0.001, 1e6), st.integers(0, 99))
def test_no_tolerance_accepts_another_number_with_a_point(value: float, seed: int) -> None:
    for other in other_literals(repr(value), [], Random(seed)):
        assert abs(float(other) - value) > 0.05 * value


@pytest.mark.parametrize("written", ["abc", "f(1)", "None", "0x", "x - 1", "a+1"])
def test_what_is_no_plain_literal_stays(written: str) -> None:
    assert other_literals(written, ["1", "'a'"], Random(0)) == []
