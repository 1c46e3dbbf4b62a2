"""The smallest edit that turns one line into another."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codegym.mutate.smallest import smallest_fix

LINE = st.text(st.sampled_from("ab 1<=+(),."), max_size=20)


@given(LINE, LINE)
@example("<<<", "<1")  # two of its runs overlap
def test_a_fix_is_unique_in_its_line_and_gives_the_wanted_one(broken, whole):
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
def test_the_smallest_fix_is_taken(broken, whole, fix):
    found = smallest_fix(broken, whole)
    assert found == fix or (found and fix and len(found[0]) <= len(fix[0]) + 7)
