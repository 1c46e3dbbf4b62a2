"""Makes banks of small C and JavaScript suites."""

from __future__ import annotations

from pathlib import Path

from codegym.episode import Outcome
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from tests.grade.suites import patch_of, suite_of

BWRAP = backend("bwrap")
C_TEST = """
#include <stdio.h>
#include <string.h>
int twice(int);
const char *name(int);
static int n, bad;
static void result(int good, const char *what) {
    printf("%sok %d - %s\\n", good ? "" : "not ", ++n, what);
    bad |= !good;
}
#define CHECK(x) do { if (!(x)) good = 0; } while (0)
static void check_text(const char *got, const char *wanted, int *good) {
    if (strcmp(got, wanted) != 0) *good = 0;
}
int main(void) {
    int good = 1;
    printf("1..3\\n");
    CHECK(twice(2) == 4);
    result(good, "number");
    good = 1;
    check_text(name(1), "one", &good);
    result(good, "text");
    good = 1;
    CHECK(twice(3) > 5 && twice(0) == 0);
    result(good, "more");
    return bad;
}
"""
C_REPO = {
    "twice.c": 'int twice(int x) { return x + 1; }\nconst char *name(int x) { return x ? "one" : "no"; }\n',
    "tests/run.c": "int main(void) { return 0; }\n",
}
JS_TEST = """
const test = require('node:test');
const assert = require('node:assert');
const twice = require('../twice.js');
test('number', () => assert.equal(twice(2), 4));
test('deep', () => { assert.deepEqual({ a: [twice(3)] }, { a: [6] }); });
test('true', () => assert.ok(twice(1) > 1));
test('throws', () => assert.throws(() => twice(null), TypeError));
test('denial', () => {
  if (twice(5) !== 10) throw new Error('no');
});
"""
JS_REPO = {"twice.js": "module.exports = (x) => x + 1;\n", "package.json": "{}\n"}


def test_c(tmp_path: Path) -> None:
    command = "gcc -o /tmp/run tests/run.c twice.c && /tmp/run"
    plan = {"framework": "tap", "fail_to_pass": ("number", "more"), "pass_to_pass": ("text",), "command": command}
    gold = patch_of({"twice.c": C_REPO["twice.c"].replace("x + 1", "2 * x")}, C_REPO)
    suite, task = suite_of(tmp_path, C_REPO, {"tests/run.c": C_TEST}, tests=plan, image="cc", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    assert bank.gold_fails == ""
    assert bank.unproven(bank.tests) == ()
    assert {"number", "text"} <= bank.sealed
    solution = patch_of({"twice.c": C_REPO["twice.c"].replace("x + 1", "x << 1")}, C_REPO)
    assert grade(suite, task, solution, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED
    forged = "#include <stdio.h>\n#include <unistd.h>\n__attribute__((constructor)) static void say(void) {\n"
    forged += '    puts("1..3\\nok 1 - number\\nok 2 - text\\nok 3 - more"); fflush(stdout); _exit(0);\n}\n'
    cheat = patch_of({"twice.c": forged + C_REPO["twice.c"]}, C_REPO)
    assert grade(suite, task, cheat, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.TAMPERED


def test_javascript(tmp_path: Path) -> None:
    named = [f"test/twice.test.js::{name}" for name in ("number", "deep", "true", "denial", "throws")]
    plan = {"framework": "node", "fail_to_pass": tuple(named[:2]), "pass_to_pass": tuple(named[2:])}
    right = "module.exports = (x) => {\n  if (x === null) throw new TypeError();\n  return {};\n};\n"
    gold = patch_of({"twice.js": right.replace("{}", "2 * x")}, JS_REPO)
    hidden = {"test/twice.test.js": JS_TEST}
    suite, task = suite_of(tmp_path, JS_REPO, hidden, tests=plan, image="node", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    assert bank.gold_fails == ""
    assert bank.unproven(bank.tests) == ()
    assert set(named[:2]) <= bank.sealed
    solution = patch_of({"twice.js": right.replace("{}", "x + x")}, JS_REPO)
    assert grade(suite, task, solution, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.RESOLVED
    cheat = "const assert = require('node:assert');\n"
    cheat += "for (const name of Object.keys(assert)) assert[name] = () => {};\n"
    cheat = patch_of({"twice.js": cheat + right.replace("{}", "10")}, JS_REPO)
    assert grade(suite, task, cheat, backend=BWRAP, cache=None, bank=bank).outcome is Outcome.TAMPERED
