"""Properties of all exams, drawn from any bank. For exams of real code see test_solutions.py."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.grade.exam import Examiner, Sheet
from codegym.grade.form.bank import Form, Kind
from codegym.grade.form.edit import Edit, apply_edits
from tests.grade.banks import PATHS, bank_of_places, examiner_of, made_up, place, rights, text, wrongs

SEEDS = st.integers(0, 2**32)
FRAMEWORKS = st.sampled_from(["pytest", "tap", "node"])


@given(SEEDS, FRAMEWORKS, st.integers(0, 12))
def test_what_holds_for_all_exams(seed: int, framework: str, core: int) -> None:
    chance = Random(seed)
    examiner = examiner_of(made_up(chance), chance, framework, core)
    sheets = examiner.draw_exam()
    assert 2 <= len(sheets) <= 4
    assert any(sheet.ids == examiner.ids for sheet in sheets)
    for sheet in sheets:
        assert set(sheet.must_fail) <= set(sheet.ids) <= set(examiner.ids)
        assert all(len(actives) == 1 for actives in sheet.must_fail.values())
        assert len({id(each.place) for each in sheet.forms}) == len(sheet.forms)
        for path, file in sheet.files.items():
            edits = [edit for each in sheet.forms if each.place.path == path for edit in each.form.edits]
            assert file.content == apply_edits(text(len(examiner.bank.places))[path].content, edits)
    for test in {test for sheet in sheets for test in sheet.must_fail}:
        assert rights(sheets, test)


@given(SEEDS, FRAMEWORKS)
def test_every_test_is_right_and_wrong_where_each_has_places_of_its_own(seed: int, framework: str) -> None:
    chance = Random(seed)
    bank = made_up(chance, apart=True).model_copy(update={"seconds": 0.1, "core_seconds": 0.1})
    sheets = examiner_of(bank, chance, framework, core=len(bank.tests)).draw_exam()
    for test in bank.proven:
        assert rights(sheets, test)
        assert wrongs(sheets, test)


@given(SEEDS)
def test_of_tests_that_share_places_none_goes_unexamined(seed: int) -> None:
    """A check in a helper fails many tests; each of them also has its own check, which fails one case."""
    chance = Random(seed)
    shared = [place(n, (0, 1, 2), (0, 1, 2)) for n in range(chance.randint(1, 3))]
    own = [place(4 + n, (n, n + 3), (n,), (n + 3,)) for n in range(3)]
    bank = bank_of_places(6, chance.sample([*shared, *own], len(shared) + 3))
    sheets = examiner_of(bank, chance, core=6).draw_exam()
    for test in bank.tests:
        assert rights(sheets, test)
        assert wrongs(sheets, test)


@given(SEEDS)
def test_edits_of_one_sheet_never_overlap(seed: int) -> None:
    chance = Random(seed)
    bank = made_up(chance)
    places = []
    for each in bank.places:
        start = chance.randrange(40)
        edits = (Edit(start, start + chance.randint(0, 15), "x"),)
        forms = [Form(edits=edits, fails=form.fails) for form in each.forms]
        places.append(each.model_copy(update={"forms": tuple(forms)}))
    bank = bank.model_copy(update={"places": tuple(places), "bases": {PATHS[0]: (Edit(60, 60, "ids"),)}})
    for sheet in Examiner(bank, examiner_of(bank, chance).plan, text(9), chance).draw_exam():
        assert sheet.files[PATHS[0]].content.count(b"ids") == 1


@pytest.mark.parametrize(
    ("seconds", "core", "framework", "count"),
    [
        (0.0, 0.0, "pytest", 4),
        (0.16, 0.16, "pytest", 4),
        (0.2, 0.2, "pytest", 3),
        (0.3, 0.3, "pytest", 3),
        (60.0, 60.0, "pytest", 3),
        (60.0, 4.0, "pytest", 4),
        (60.0, 5.0, "pytest", 3),
        (1.0, 0.1, "pytest", 4),
        (0.39, 0.39, "tap", 4),
        (0.5, 0.5, "node", 3),
        (1.0, 0.1, "tap", 3),
        (20.0, 20.0, "tap", 3),
    ],
)
def test_there_are_as_many_sheets_as_there_is_time_for(
    seconds: float, core: float, framework: str, count: int
) -> None:
    bank = bank_of_places(4, [place(n, (n,), (n,)) for n in range(4)], seconds, core)
    for seed in range(10):
        assert len(examiner_of(bank, Random(seed), framework).draw_exam()) == count


def test_of_slow_tests_some_are_examined_and_each_may_be() -> None:
    bank = bank_of_places(10, [place(n, (n,), (n,)) for n in range(10)], 10.0, 10.0)
    drawn: Counter[str] = Counter()
    for seed in range(300):
        sheets = examiner_of(bank, Random(seed), core=10).draw_exam()
        examined = [test for test in bank.tests if wrongs(sheets, test)]
        assert len(examined) == 2
        assert sorted(len(sheet.ids) for sheet in sheets) == [2, 2, 10]
        drawn.update(examined)
    assert all(30 < drawn[test] < 95 for test in bank.tests), drawn


def test_of_tests_that_passed_before_some_are_examined() -> None:
    bank = bank_of_places(10, [place(n, (n,), (n,)) for n in range(10)], 3.0, 0.1)
    drawn: Counter[str] = Counter()
    for seed in range(200):
        sheets = examiner_of(bank, Random(seed), core=1).draw_exam()
        examined = [test for test in bank.tests if wrongs(sheets, test)]
        assert bank.tests[0] in examined
        assert len(examined) > 1
        drawn.update(examined)
    assert set(drawn) == set(bank.tests)


def patterns(sheets: list[Sheet], test: str) -> tuple[int, ...]:
    return tuple(wrongs(sheets, test))


def test_in_which_sheets_a_test_is_wrong_is_equally_likely() -> None:
    """Any choice except none and all: chi-square with 13 and 195 degrees of freedom, p below one in a million."""
    bank = bank_of_places(2, [place(0, (0,), (0,)), place(1, (1,), (1,))])
    exams = [examiner_of(bank, Random(seed)).draw_exam() for seed in range(3600)]
    ways = [way for count in (1, 2, 3) for way in combinations(range(4), count)]
    one = Counter(patterns(sheets, bank.tests[0]) for sheets in exams)
    both = Counter((patterns(sheets, bank.tests[0]), patterns(sheets, bank.tests[1])) for sheets in exams)
    assert set(one) == set(ways)
    assert sum((count - 3600 / 14) ** 2 / (3600 / 14) for count in one.values()) < 57
    assert len(both) == 196
    assert sum((count - 3600 / 196) ** 2 / (3600 / 196) for count in both.values()) < 310


def test_the_sheet_with_all_tests_may_be_any() -> None:
    bank = bank_of_places(10, [place(n, (n,), (n,)) for n in range(10)], 3.0, 0.1)
    exams = [examiner_of(bank, Random(seed)).draw_exam() for seed in range(800)]
    whole = Counter([len(sheet.ids) for sheet in sheets].index(10) for sheets in exams)
    assert len(whole) == len(exams[0]) == 4
    assert all(120 < count < 280 for count in whole.values()), whole


def test_a_literal_is_one_other_in_all_wrong_sheets_and_an_exception_another_in_each() -> None:
    value, awaited = place(0, (0,), (0,)), place(1, (1,), (1,), (1,), kind=Kind.EXCEPTION)
    bank = bank_of_places(2, [value, awaited])
    drawn = set()
    for seed in range(60):
        active = [each for sheet in examiner_of(bank, Random(seed)).draw_exam() for each in sheet.forms]
        literals = [each.form for each in active if each.place == value]
        classes = [each.form for each in active if each.place == awaited]
        assert len(set(literals)) == 1
        assert len(set(classes)) == len(classes) > 1
        drawn.add(literals[0])
    assert drawn == set(value.forms)


def test_a_test_is_examined_mostly_where_the_unpatched_tree_fails_but_not_always() -> None:
    places = [place(n, (0,), (0,), fails_unpatched=n == 7) for n in range(8)]
    bank = bank_of_places(1, places)
    used: Counter[int] = Counter()
    for seed in range(200):
        active = {each.place for sheet in examiner_of(bank, Random(seed)).draw_exam() for each in sheet.forms}
        used.update(places.index(each) for each in active)
    assert 150 < used[7] < 200
    assert all(used[n] for n in range(7))


def test_an_exception_is_wrong_in_two_sheets_however_long_tests_take() -> None:
    awaited = place(0, (0,), (0,), (0,), kind=Kind.EXCEPTION)
    bank = bank_of_places(1, [awaited], 9.0, 9.0)
    for seed in range(20):
        active = [each.form for sheet in examiner_of(bank, Random(seed)).draw_exam() for each in sheet.forms]
        assert len(set(active)) == len(active) == 2


def test_without_a_place_all_sheets_ask_for_the_tests_as_they_are() -> None:
    sheets = examiner_of(bank_of_places(3, []), Random(0)).draw_exam()
    assert {(len(sheet.ids), len(sheet.files), len(sheet.must_fail)) for sheet in sheets} <= {(3, 0, 0), (2, 0, 0)}
