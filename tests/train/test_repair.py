"""Repairs learnt from mutated functions: what is shown has the bugs, and the fixes undo them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.mutate.smallest import smallest_fix
from codegym.train.corpus import as_episode
from codegym.train.expert import rows, wrong_fix
from codegym.train.repair import repairs

SOURCE = '''
def clamp(value, low, high):
    """Keep a value in its bounds."""
    # both ends are allowed
    if low > high:
        raise ValueError("empty range")
    if value < low:
        return low
    total = 0
    for step in range(1, high):
        total += step * 2
    return min(value, high)
'''

LINE = st.text(st.sampled_from("ab 1<=+(),."), max_size=20)


@given(LINE, LINE)
def test_a_fix_is_unique_in_its_line_and_gives_the_wanted_one(broken, whole):
    fix = smallest_fix(broken, whole)
    if fix is not None:
        old, new = fix
        assert broken.count(old) == 1
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


def test_repairs_show_their_bugs_without_docstring_and_comments():
    found = list(repairs(SOURCE, random.Random(1), per_function=20))
    assert len(found) >= 15
    original = {line.strip() for line in SOURCE.splitlines()}
    for repair in found:
        shown = {row.number: row for row in rows(repair.shown)}
        assert "Keep a value" not in repair.shown
        assert "both ends" not in repair.shown
        for fix in repair.fixes:
            row = shown[fix.line]
            assert row.hot
            assert row.text.strip() not in original
            assert row.text.replace(fix.old, fix.new).strip() == fix.result
            assert fix.result in original


def test_a_repair_is_told_as_an_episode_whose_wrong_turn_is_not_imitated():
    repair = next(repairs(SOURCE, random.Random(2)))
    told = [as_episode(repair, random.Random(seed)) for seed in range(40)]
    assert any(len(turns) == 1 + len(repair.fixes) for turns in told)
    detours = [turns for turns in told if any(turn.said == "u" for turn in turns)]
    assert detours
    for turns in detours:
        at = [turn.said for turn in turns].index("u")
        assert not turns[at - 1].imitate
        assert all(turn.imitate for turn in turns[at:])


def test_a_wrong_fix_changes_a_line_that_a_failing_test_runs():
    repair = next(repairs(SOURCE, random.Random(3)))
    wrong = wrong_fix(repair.shown, random.Random(0))
    assert wrong is not None
    hot = {row.number: row.text for row in rows(repair.shown) if row.hot}
    assert hot[wrong.line].replace(wrong.old, wrong.new).strip()[:80] == wrong.result
