"""The smallest edit that turns one line into another."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codegym.mutate.smallest import smallest_fix

LINE = st.text(st.sampled_from("ab 1<=+(),."), max_size=20)


@given(LINE, LINE)
@example("<<<", "<1")  # two of its runs overlap
def test_a_fix_is_unique_in_its_line_and_gives_the_whole_line(broken: str, whole: str) -> None:
    fix = smallest_fix(broken, whole)
    if fix is not None:
        old, new = fix
        assert broken.find(old) == broken.rfind(old) >= 0
        assert broken.replace(old, new).strip() == whole.strip()


@pytest.mark.parametrize(
    ("broken", "whole", "fix"),
    [
        ("if a < b:", "if a <= b:", ("<", "<=")),
        ("x = f(a, a)", "x = f(a, b)", ("a)", "b)")),
        ("return x", "return not x", ("x", "not x")),
        ("same", "same", None),
    ],
)
def test_a_fix_is_hardly_longer_than_the_smallest_one(
    broken: str, whole: str, fix: tuple[str, str] | None
) -> None:
    actual = smallest_fix(broken, whole)
    assert actual == fix or (actual and fix and len(actual[0]) <= len(fix[0]) + 7)
