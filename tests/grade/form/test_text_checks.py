"""Checks in C and JavaScript files: which are changed, and which are left alone."""

from __future__ import annotations

import re
from random import Random

import pytest

from codegym.grade.form.bank import Kind
from codegym.grade.form.edit import apply_edits
from codegym.grade.form.text_checks import language, text_checks


def forms(path: str, text: str, seed: int = 0) -> list[tuple[Kind, str]]:
    """Return the first form of each check, and its kind."""
    checks = text_checks(path, text.encode(), Random(seed))
    return [
        (check.kind, apply_edits(text.encode(), check.variants[0]).decode())
        for check in checks
        if not check.is_input
    ]


V, O, X = Kind.VALUE, Kind.OPERATOR, Kind.EXCEPTION  # noqa: E741


@pytest.mark.parametrize(("written", "kind", "changed"), [
    ("check(f(a < 2));", O, r"check\(!\(f\(a < 2\)\)\);"),
    ("check(f(2) == a);", O, r"check\(f\(2\) != a\);"),
    ("check(3 == f(2));", V, r"check\([^3\W] == f\(2\)\);"),
    ("check(a < b);", O, r"check\(a >= b\);"),
    ("check(p->b << c);", O, r"check\(!\(p->b << c\)\);"),
    ("check(a == 1 && b == 2);", V, r"check\((?!a == 1 && b == 2)a == \w && b == \w\);"),
    ('is(f(), "abc");', V, r'is\(f\(\), "(?!abc)...\"\);'),
    ("is(f(), 7);", V, r"is\(f\(\), [^7\W]\);"),
    ("ASSERT_EQ(f(), -7, \"why\");", V, r'ASSERT_EQ\(f\(\), -[^7\W], "why"\);'),
    ("return ok(x != 4);", O, r"return ok\(x == 4\);"),
    ("g(check(\n  f(1, (2)) ==\n  'c'));", V, r"g\(check\(\n  f\(1, \(2\)\) ==\n  '[^c]'\)\);"),
])  # fmt: skip
def test_a_check_in_c(written: str, kind: Kind, changed: str) -> None:
    for seed in range(4):
        made = forms("tests/t.c", written, seed)
        assert len(made) == 1 + written.count("&&")
        for found, text in made:
            assert found is kind
            assert re.fullmatch(changed, text), text


def test_what_is_no_check_in_c() -> None:
    text = "#define CHECK(x) \\\n  check(x)\nvoid check_it(int a);\n// CHECK(1)\n/* ok(1 == 2) */\n"
    text += 'const char *s = "check(1 == 2)";\nint is(int a, int b) { return a; }\n'
    assert forms("t.c", text) == []


@pytest.mark.parametrize(("written", "kind", "changed"), [
    ("assert.equal(f(1), 4);", V, r"assert.equal\(f\(1\), [^4\W]\);"),
    ("assert.deepEqual(f(2), g());", O, r"assert.notDeepEqual\(f\(2\), g\(\)\);"),
    ("assert.deepEqual(f(1), { a: [4] });", V, r"assert.deepEqual\(f\(1\), { a: \[[^4\W]\] }\);"),
    ("assert(f(3));", O, r"assert\(!\(f\(3\)\)\);"),
    ("assert(f(x) === 0);", V, r"assert\(f\(x\) === [^0\W]\);"),
    ("console.assert(f(x));", O, r"console.assert\(!\(f\(x\)\)\);"),
    ("assert.ok(f(x) > 2);", O, r"assert.ok\(f\(x\) <= 2\);"),
    ("assert.throws(() => f(1), RangeError);", X, r"assert.throws\(\(\) => f\(1\), (?!Range)\w+Error\);"),
    ("assert.match(f(), /x/);", O, r"assert.doesNotMatch\(f\(\), /x/\);"),
    ("t.assert.strictEqual(f(), 'ab');", V, r"t.assert.strictEqual\(f\(\), '(?!ab)..'\);"),
    ("t.is(f(), true);", V, r"t.is\(f\(\), false\);"),
    ("if (f(1) !== 4) throw new Error(`no`);", O, r"if \(f\(1\) === 4\) throw new Error\(`no`\);"),
    ("if (f(1) !== 4) {\n  throw new Error('no');\n}", O, r"if \(f\(1\) === 4\) {\n  throw new Error\('no'\);\n}"),
    ("holds(f(x));", O, r"holds\(!\(f\(x\)\)\);"),
])  # fmt: skip
def test_a_check_in_javascript(written: str, kind: Kind, changed: str) -> None:
    for seed in range(4):
        ((found, text),) = forms("a.test.mjs", written, seed)
        assert found is kind
        assert re.fullmatch(changed, text), text


def test_what_is_no_check_in_javascript() -> None:
    text = "not.assert.equal(1, 1);\n// assert(1)\nconst s = `assert(${x})`;\nfunction ok(a) { return a; }\n"
    assert forms("a.test.js", text + "'assert(1)';\nif (a) { b(); }\n") == []


@pytest.mark.parametrize("text", [
    "if (n > 0) check(a == 1);",
    "if (n > 0)\n    check(a == 1);\nelse\n    check(a == 2);",
    "if (n > 0) { x(); check(a == 1); }",
    "for (int i = 0; i < n; i++) check(a[i] == 1);",
    "while (next(&a)) { check(a == 1); }",
    "good = f(1) == 2;",
    "is_empty(q);",
    "ASSERT_LE(n, 7); check_at_most(n, 7); assert_near(x, 3, 1); check_order(out);",
])  # fmt: skip
def test_what_other_right_code_need_not_reach_or_may_do_better_in_c(text: str) -> None:
    assert forms("t.c", f"static bool f(void) {{\n    {text}\n    return true;\n}}\n") == []


@pytest.mark.parametrize("text", [
    "if (n) assert.equal(f(), 1)",
    "if (n)\n    assert.equal(f(), 1)",
    "try { f() } catch (error) { assert.match(error.message, /x/) }",
    "pool.run(() => { assert.equal(a, 3) })",
    "pool.run((x) => assert.equal(x, 3))",
    "for (const problem of f()) { assert.equal(problem, 'x') }",
    "for (let i = 0; i < xs.length; i++) { assert.equal(xs[i], 3) }",
    "problems.forEach((problem) => assert.equal(problem, 'x'))",
    "n && assert.equal(f(), 1)",
    "assert.lessOrEqual(n, 7); assert.isAtMost(n, 7); expect.closeTo(n, 7)",
])  # fmt: skip
def test_what_other_right_code_need_not_reach_or_may_do_better_in_javascript(text: str) -> None:
    assert forms("a.test.js", f"test('it', async () => {{\n  {text}\n}})\n") == []


@pytest.mark.parametrize(("path", "text", "count"), [
    ("t.c", "for (int i = 0; i < 3; i++)\n    check(f(i) == 2);", 1),
    ("t.c", "for (size_t i = 0; i < COUNT; i++) { check(f(i) == 2); }", 1),
    ("t.c", "if (n) { x(); }\n    check(f(1) == 2);", 1),
    ("t.c", 'check(f(1) == 2, "a message"); ok(g(), "another");', 2),
    ("a.test.js", "for (const x of [1, 2]) { assert.equal(f(x), x + 1) }", 1),
    ("a.test.js", "[1, 2].forEach((x) => { assert.equal(f(x), 3) })", 1),
    ("a.test.js", "const [a, b] = f()\n  assert.equal(a, 3)\n  await assert.rejects(b, Error)", 2),
    ("a.test.js", "if (n) { x() }\n  assert.equal(f(), 3)", 1),
])  # fmt: skip
def test_what_everybody_reaches(path: str, text: str, count: int) -> None:
    around = (
        "static bool f(void) {{ {} return true; }}" if path == "t.c" else "test('it', async () => {{\n  {}\n}})"
    )
    assert len(forms(path, around.format(text))) == count


def test_a_condition_that_may_be_true_in_two_ways_is_denied_as_a_whole() -> None:
    assert forms("t.c", "check(n == 0 || a);") == [(O, "check(!(n == 0 || a));")]
    assert forms("a.test.js", "assert(n < 3 || a)") == [(O, "assert(!(n < 3 || a))")]
    assert forms("t.c", "check(a ? n == 1 : b);") == [(O, "check(!(a ? n == 1 : b));")]


def test_bytes_count_and_lines_do_not_move() -> None:
    text = '// ü\nint a = "é";\ncheck(f("ö") == 4); // ß\n'
    ((_, changed),) = forms("t.c", text)
    assert re.fullmatch(re.escape(text).replace("4", r"\d"), changed)
    assert forms("t.c", "x") == []
    assert text_checks("t.c", "check(é)".encode("latin-1"), Random(0)) == []


def test_languages() -> None:
    assert [language(path) for path in ("a.c", "b/c.hpp", "a.test.mjs", "a.ts", "a.go", "a.py", "c", "js")] == [
        "c", "c", "js", "js", "", "", "", ""
    ]  # fmt: skip
    assert text_checks("a.go", b"assert.equal(f(1), 4);", Random(0)) == []
