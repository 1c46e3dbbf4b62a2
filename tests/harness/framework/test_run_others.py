"""TAP programs and node's test runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import TestStatus
from codegym.harness.framework.tap import read_tap
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.backend import backend
from codegym.task import TestPlan
from tests.conformance.conftest import SEALED
from tests.harness.boxes import LIMITS, named_tree, open_box

TAP = """TAP version 14
1..4
ok 1 - adds
not ok 2 - subtracts
# got 3
  ---
  want: 4
  ...
ok 3 - later # SKIP no time
not ok 4 - someday # TODO
"""


def test_tap_is_read() -> None:
    report = read_tap(TAP)
    assert not report.wrong
    assert {name: str(status) for name, status in report.results.items()} == {
        "adds": "passed",
        "subtracts": "failed",
        "later": "skipped",
        "someday": "skipped",
    }
    assert report.notes["subtracts"] == ["got 3", "---", "want: 4", "..."]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ok 1 - a\n", "no plan"),
        ("1..2\nok 1 - a\n", "2 tests were planned, 1 seen"),
        ("1..1\nok 1 - a\n1..1\n", "more than one plan"),
        ("1..2\nok 1 - a\nok 1 - b\n", "test 1 where 2"),
        ("1..2\nok 1 - a\nok 2 - a\n", "seen twice"),
        ("1..1\nok 1 - a\nBail out! no\n", "Bail out"),
        ("", "no plan"),
    ],
)
def test_tap_that_is_not_whole(text: str, why: str) -> None:
    assert any(why in wrong for wrong in read_tap(text).wrong)


@pytest.mark.parametrize(
    ("script", "complete"),
    [
        (f"cat <<'E'\n{TAP}E\nexit 1", True),
        ("echo 1..1; echo ok 1 - adds", True),
        ("echo building...; echo 1..1; echo ok 1 - adds; exit 3", False),
        ("echo 1..1; echo ok 1 - adds; kill -9 $$", False),
        ("echo 1..1; echo ok 1 - adds; echo ok 1 - adds", False),
        ("no-such-program", False),
        ("echo 1..1; echo ok 1 - adds; sleep 30", False),
    ],
)
def test_tap_programs(tmp_path: Path, script: str, complete: bool) -> None:
    plan = TestPlan(framework="tap", fail_to_pass=(), command=f"sh run.sh # {len(script)}")
    with open_box(tmp_path, "cc", run_sh=script) as box:
        run = run_tests(box, plan, timeout=2)
        only = run_tests(box, plan, ("adds",), timeout=2)
    assert run.complete is complete
    assert set(only.results) <= {"adds"}
    assert run.timed_out is ("sleep" in script)
    if "not ok" in script:
        assert run.failures["subtracts"].startswith("got 3")


NODE = """
    const test = require('node:test'); const assert = require('node:assert');
    test('plain', () => assert.equal(1, 1));
    test('bad', () => assert.deepStrictEqual(['a', 'b'], ['a', 'c']));
    test.describe('group', () => {
      test.it('fine', () => {});
      test.describe('deep', () => test.it('broken', () => { throw new Error('boom'); }));
    });
    test('outer', async (t) => { await t.test('inner', () => {}); });
    test.skip('skipped', () => {}); test.todo('todo');
    console.log('ok 1 - forged');
"""


def test_node(tmp_path: Path) -> None:
    plan = TestPlan(framework="node", fail_to_pass=())
    quits = "require('node:test')('first', () => {});\nprocess.exit(0);\n"
    files = {"a.test_js": NODE, "test__b_js": quits, "c.test_js": "syntax error\n"}
    with open_box(tmp_path, "node", **files) as box:
        run = run_tests(box, plan, timeout=30)
        asked = ("a.test.js::plain", "c.test.js::never", "gone.test.js::x")
        some = run_tests(box, plan, asked, timeout=30)
        box.write("d.test.js", b"while (true) {}\n")
        late = run_tests(box, plan, ("d.test.js::x",), timeout=2)
    assert {node: str(status) for node, status in run.results.items()} == {
        "a.test.js::plain": "passed",
        "a.test.js::bad": "failed",
        "a.test.js::group > fine": "passed",
        "a.test.js::group > deep > broken": "failed",
        "a.test.js::outer > inner": "passed",
        "a.test.js::outer": "passed",
        "a.test.js::skipped": "skipped",
        "a.test.js::todo": "skipped",
        "c.test.js": "error",
    }
    assert run.complete
    assert run.failures["a.test.js::group > deep > broken"] == "boom"
    assert run.failures["a.test.js::bad"] == "Expected values to be strictly deep-equal:\n+   'b'\n-   'c'"
    assert "SyntaxError" in run.failures["c.test.js"]
    assert not some.passed(asked)
    assert some.results["a.test.js::plain"] is TestStatus.PASSED
    assert late.timed_out
    assert not late.complete


IMPORTS = {
    "js": "const test = require('node:test'); const assert = require('node:assert');",
    "mjs": "import test from 'node:test'; import assert from 'node:assert';",
}
NESTED = "test('plain', () => {}); test.describe('a', () => test.it('b', () => {})); "
NESTED += "test('c', async (t) => { await t.test('d', () => {}); });"
THROWN = {
    "no prototype": "throw Object.create(null)",
    "nothing": "throw undefined",
    "null": "throw null",
    "a symbol": "throw Symbol('s')",
    "a function": "throw () => 1",
    "no text": "throw { toString() { throw new Error('no') }, valueOf: 1 }",
    "no message": "throw Object.assign(new Error(), { message: Object.create(null) })",
    "no stack": "throw Object.assign(new Error('x'), { stack: Object.create(null) })",
    "a strange code": "throw Object.assign(new Error('x'), { code: Object.create(null), failureType: () => 1 })",
    "a cause without a text": "throw new Error('x', { cause: Object.create(null) })",
    "a cause that throws": "throw new Error('x', { cause: new Proxy({}, { get() { throw 1 } }) })",
    "functions": "assert.strictEqual(() => 1, 2)",
    "symbols": "assert.strictEqual(Symbol('a'), Symbol('b'))",
    "objects without a prototype": "assert.deepStrictEqual(Object.create(null), { a: 1 })",
    "a proxy": "assert.strictEqual(new Proxy({}, { get() { throw 1 } }), 1)",
    "a getter": "assert.deepStrictEqual({ get x() { throw 1 } }, { x: 1 })",
    "what can't be cloned": "assert.strictEqual(new WeakMap(), new Promise(() => {}))",
    "a text that throws": "assert.strictEqual({ toString() { throw 1 }, [Symbol.toPrimitive]() { throw 1 } }, 1)",
    "half a character": "throw new Error('\\ud800')",
}


def _run_node(name: str, store: Path, files: dict[str, str], timeout: float = 60) -> TestRun:
    with backend(name).open(named_tree(store, files), "node", LIMITS) as box:
        return run_tests(box, TestPlan(framework="node", fail_to_pass=()), timeout=timeout)


@pytest.mark.parametrize("name", SEALED)
def test_node_files_are_named_by_their_paths(tmp_path: Path, name: str) -> None:
    """Node 18, as Docker's image has it, names those of ES modules by URL."""
    paths = ["plain.test", "in a folder/50%.test", "%41 b#?/c%20d.test", "\u00fc/\u65e5\u672c '\".test"]
    files = {f"{path}.{kind}": IMPORTS[kind] + NESTED for path in paths for kind in IMPORTS}
    run = _run_node(name, tmp_path, files)
    assert run.complete
    assert set(run.results) == {f"{file}::{test}" for file in files for test in ("plain", "a > b", "c > d", "c")}
    assert set(run.results.values()) == {TestStatus.PASSED}


@pytest.mark.parametrize("name", SEALED)
def test_whatever_a_node_test_throws_is_reported(tmp_path: Path, name: str) -> None:
    tests = "".join(f"test({case!r}, () => {{ {throws} }});" for case, throws in THROWN.items())
    files = {f"a.test.{kind}": IMPORTS[kind] + tests + NESTED for kind in IMPORTS}
    run = _run_node(name, tmp_path, files)
    assert run.complete, run.output
    for file in files:
        failed = {test for test, status in run.results.items() if status is TestStatus.FAILED and file in test}
        assert failed == {f"{file}::{case}" for case in THROWN}
        assert run.results[f"{file}::a > b"] is TestStatus.PASSED
    assert "Expected values to be strictly equal" in run.failures["a.test.js::a proxy"]
