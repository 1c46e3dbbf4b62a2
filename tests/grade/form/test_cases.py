"""Names of parametrized cases, and that a form which changes their values keeps the names."""

from __future__ import annotations

from random import Random

import pytest

from codegym.grade.form.bank import Kind
from codegym.grade.form.cases import case_ids
from codegym.grade.form.edit import apply_edits
from codegym.grade.form.python_module import Module

CASES = "import pytest\n\n@pytest.mark.parametrize({})\ndef test_it(x, expected):\n    assert f(x) == expected\n"


def ids_of(text: str, tests: tuple[str, ...] = ()) -> tuple[str, ...]:
    cases = Module(text.encode()).cases("test_it")
    return case_ids(cases, tests) if cases else ()


@pytest.mark.parametrize(("cases", "ids"), [
    ("'x, expected', [(1, 'a'), (2, 'b')]", ("1-a", "2-b")),
    ("('x', 'expected'), (('q', 1.5), (None, -2))", ("q-1.5", "None--2")),
    ("['x', 'expected'], [[1, [2]], [{}, 'b']]", ("1-expected0", "x1-b")),
    ("'x, expected', [pytest.param(1, 'a'), pytest.param(2, 'b', id='two')]", ("1-a", "two")),
    ("'x, expected', [(1, 'a'), (f, 'b')], ids=['one', 'two']", ("one", "two")),
    ("'x, expected', [(True, 'a')]", ("True-a",)),
    ("'x, expected', [(1, 'a'), (1, 'a')]", ()),
    ("'x, expected', [(f, 'a')]", ()),
    ("'x, expected', [(1, '\\n')]", ()),
    ("'x, expected', [(1, 'a')], ids=str", ()),
    ("'x, expected', [*ROWS]", ()),
    ("'x, expected', rows()", ()),
])  # fmt: skip
def test_names_follow_from_what_is_written(cases: str, ids: tuple[str, ...]) -> None:
    text = CASES.format(cases)
    assert ids_of(text) == ids
    assert ids_of(text, tuple(f"t.py::test_it[{name}]" for name in ids)) == ids
    assert ids_of(text, ("t.py::test_it[another]",)) == ()


@pytest.mark.parametrize("cases", [
    "'x, expected', [(1, 'a'), (2, 'b')]",
    "'x, expected', [(1, 'a'), (2, 'b')], ids=['one', 'two']",
    "'x, expected', [pytest.param(1, 'a'), pytest.param(2, 'b', id='two')]",
])  # fmt: skip
def test_names_of_cases_say_nothing_of_their_values(cases: str) -> None:
    """Names that the author wrote stay."""
    module = Module(CASES.format(cases).encode())
    found = module.cases("test_it")
    assert found is not None
    base, ids = found.neutral_names(module.text)
    assert all(name in ("case0", "case1", "one", "two") for name in ids)
    checks = [check for check in module.checks("test_it", Random(0)) if check.case is not None]
    assert {(check.case, check.kind) for check in checks} == {(0, Kind.VALUE), (1, Kind.VALUE)}
    for check in checks:
        for way in check.variants:
            text = apply_edits(module.text.text, [*base, *way]).decode()
            assert ids_of(text) == ids
            assert text != apply_edits(module.text.text, base).decode()


def test_a_table_of_the_module_is_as_good_as_one_in_the_decorator() -> None:
    module = Module(("ROWS = [(1, 'a'), (2, 'b')]\n" + CASES.format("'x, expected', ROWS")).encode())
    checks = [check for check in module.checks("test_it", Random(0)) if check.case is not None]
    assert [check.case for check in checks] == [0, 1]
    assert all(
        edit.end < len("ROWS = [(1, 'a'), (2, 'b')]") for check in checks for way in check.variants for edit in way
    )


@pytest.mark.parametrize(
    "body", ["assert f(expected) == expected", "expected += 'x'\n    assert f(x) == expected"]
)
def test_what_a_test_does_more_with_than_compare_is_no_expected_value(body: str) -> None:
    text = CASES.format("'x, expected', [(1, 'a'), (2, 'b')]").replace("assert f(x) == expected", body)
    assert {(check.case, check.kind) for check in Module(text.encode()).checks("test_it", Random(0))} == {
        (None, Kind.OPERATOR)
    }
