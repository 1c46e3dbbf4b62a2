"""Calls that are made of recorded ones."""

from __future__ import annotations

import ast
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from codegym.foundry.holdout.vary import varied_sources

TEXT = st.text(alphabet="abcXYZ019 -_.", max_size=8)


@given(st.lists(st.tuples(TEXT, st.integers(-9, 9)), min_size=1, max_size=4), st.integers(0, 99))
def test_varied_calls_are_calls_of_the_same_function_and_new(values: list[tuple[str, int]], seed: int) -> None:
    sources = [f"m.f({text!r}, n={number!r})" for text, number in values]
    varied = varied_sources(sources, 20, Random(seed), alike=False)
    assert varied == varied_sources(sources, 20, Random(seed), alike=False)
    assert not {*varied} & {*sources}
    for source in varied:
        call = ast.parse(source, mode="eval").body
        assert isinstance(call, ast.Call)
        assert ast.unparse(call.func) == "m.f"


def shape(text: str) -> str:
    return "".join("9" if c.isdigit() else "a" if c.islower() else "A" if c.isupper() else c for c in text)


@given(TEXT.filter(bool), st.integers(0, 99))
def test_calls_of_a_like_kind_keep_shape_and_sign(text: str, seed: int) -> None:
    for source in varied_sources([f"f({text!r}, -3, 5)"], 20, Random(seed), alike=True):
        other, *numbers = ast.literal_eval(source.removeprefix("f"))
        assert shape(other) == shape(text)
        assert all(number for number in numbers)


def test_a_list_changes_its_order() -> None:
    assert "f([2, 1])" in varied_sources(["f([1, 2])"], 20, Random(1), alike=False)
