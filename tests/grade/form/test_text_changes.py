"""Changes in C and JavaScript tests: literals are preferred to operators, which code can recognize."""

from __future__ import annotations

from random import Random

import pytest

from codegym.grade.form.bank import Kind
from codegym.grade.form.edit import apply_edits
from codegym.grade.form.text_checks import TextCheck, text_checks


def found(text: str, path: str = "tests/run.c") -> list[tuple[TextCheck, set[str]]]:
    """Return the checks of a file, and the changed lines of each."""
    made = text_checks(path, text.encode(), Random(3))
    return [
        (check, {_changed(text, apply_edits(text.encode(), way).decode()) for way in check.variants})
        for check in made
    ]


def _changed(before: str, after: str) -> str:
    return next(line for line, old in zip(after.splitlines(), before.splitlines(), strict=True) if line != old)


def strict(text: str, path: str = "tests/run.c") -> list[tuple[Kind, str]]:
    return sorted(
        (check.kind, line) for check, lines in found(text, path) if not check.last_resort for line in lines
    )


@pytest.mark.parametrize(
    ("check", "kept"),
    [
        ("CHECK(twice(2) == 4);", "twice(2) =="),
        ("CHECK(place(&it, 5) == base + 4);", "place(&it, 5) == base +"),
        ("CHECK(bits(1ull << 15) == 1ull << 55);", "bits(1ull << 15) =="),
        ("CHECK(encode(0x7F, out) == 1 && out[0] == 0x7F);", "encode(0x7F, out) =="),
        ('CHECK(strcmp(name(3), "Oban") == 0);', "== 0);"),
        ('CHECK(memcmp(out, "abc", 3) == 0);', ", 3) == 0);"),
    ],
)
def test_what_is_expected_is_changed_and_nothing_else(check: str, kept: str) -> None:
    made = strict(f"static bool one(void)\n{{\n    {check}\n}}\n")
    assert made
    assert all(kind is Kind.VALUE and kept in line for kind, line in made)


def test_operators_are_the_last_to_be_tried() -> None:
    made = found("static bool one(void)\n{\n    CHECK(ready(&it));\n    CHECK(size(&it) != other(&it));\n}\n")
    assert {check.kind for check, _ in made} == {Kind.OPERATOR}
    assert all(check.last_resort for check, _ in made)


def test_where_nothing_is_expected_literals_that_are_given_are_changed() -> None:
    helper = "static size_t thirty(void)\n{\n    return 30;\n}\n\n"
    one = "static bool one(void)\n{\n    CHECK(merged(7, thirty()));\n    CHECK(merged(9, thirty()));\n}\n\n"
    made = strict(f'{helper}{one}static const struct tap_test tests[] = {{{{"one", one}}}};\n')
    assert [(kind, line.count("thirty")) for kind, line in made] == [(Kind.VALUE, 1)] * 2


@pytest.mark.parametrize(
    "line",
    [
        "for (int i = 0; i < 300; i++)",
        "return used <= 2 * total;",
        "return true;",
        "if (strcmp(one, other) == 0)",
        "alarm(5);",
        "// 41",
    ],
)
def test_literals_that_read_as_right_or_may_be_kept_by_better_code_stay(line: str) -> None:
    assert strict(f"static bool one(void)\n{{\n    {line}\n    work();\n}}\n") == []


def test_headers_stay() -> None:
    assert strict("static int one(void)\n{\n    return 30;\n}\n", "tests/tap.h") == []


def test_texts_are_exchanged_for_others_of_the_same_test() -> None:
    text = "test('a', () => {\n  use('burnt', 'dropped');\n  assert.equal(state.message, 'burnt');\n});\n"
    assert (Kind.VALUE, "  assert.equal(state.message, 'dropped');") in strict(text, "test/a.test.js")


@pytest.mark.parametrize(
    ("check", "kind", "other"),
    [
        ("assert.equal(find('x'), undefined);", Kind.VALUE, "assert.equal(find('x'), null);"),
        ("assert.deepEqual(parse(x), []);", Kind.VALUE, "assert.deepEqual(parse(x), [0]);"),
        (
            "assert.throws(() => parse(x), TypeError);",
            Kind.EXCEPTION,
            "assert.throws(() => parse(x), RangeError);",
        ),
    ],
)
def test_expected_values_without_a_literal(check: str, kind: Kind, other: str) -> None:
    made = strict(f"import assert from 'node:assert';\n\n{check}\n", "test/a.test.js")
    assert (kind, other) in made


def test_variables_are_exchanged_for_others_of_their_type() -> None:
    text = "static bool one(size_t count, char *at)\n{\n    size_t fits = 3;\n    CHECK(put(at) == fits);\n}\n"
    assert strict(text) == [(Kind.VALUE, "    CHECK(put(at) == count);")]


def test_names_and_imports_of_javascript_stay() -> None:
    text = "import { f } from '../f.js';\nconst g = require('./g');\ntest('works', () => assert.ok(f(g)));\n"
    assert strict(text, "test/a.test.js") == []


def test_tables_are_changed() -> None:
    table = "const GOOD = {\n  'one row': ['a,b', [['a', 'b']]],\n};\n"
    text = f"{table}\ntest('a', () => assert.deepEqual(f(x), rows));\n"
    lines = [line for _, line in strict(text, "test/a.test.js")]
    assert lines
    assert all("'one row'" in line for line in lines)
