"""JavaScript's test runners, the real ones from npm, in real boxes without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.backend import backend
from codegym.task import Limits, TestPlan
from tests.harness.boxes import named_tree
from tests.npm import npm_image

LIMITS = Limits(command_seconds=60, memory_mb=1024)
LIBRARY = "exports.add = (a, b) => a + b;\n"
GLOBALS = """\
const { add } = require("../lib.cjs");
describe("add", () => {
  it("small", () => check(add(1, 2), 3));
  it("wrong", () => check(add(1, 2), 4));
  it.skip("later", () => {});
});
"""
BROKEN = 'throw new Error("not today");\n'
JEST = GLOBALS.replace("check(add(1, 2), ", "expect(add(1, 2)).toBe(")
ASSERT = 'const assert = require("assert");\n'
MOCHA = ASSERT + GLOBALS.replace("check(", "assert.strictEqual(")
HOOK = 'describe("hook", () => { before(() => { throw new Error("no hook"); }); it("never", () => {}); });\n'
VITEST = 'import { describe, expect, it } from "vitest";\n' + JEST.replace(
    'const { add } = require("../lib.cjs");', 'import { add } from "../lib.cjs";'
)
AVA = """\
import test from "ava";
import lib from "../lib.cjs";
test("small", (t) => t.is(lib.add(1, 2), 3));
test("wrong", (t) => t.is(lib.add(1, 2), 4));
test.skip("later", (t) => t.pass());
"""
TAPE = """\
const test = require("tape");
const { add } = require("../lib.cjs");
test("small", (t) => { t.equal(add(1, 2), 3); t.equal(add(2, 2), 4); t.end(); });
test("wrong", (t) => { t.equal(add(1, 2), 3); t.equal(add(1, 2), 4); t.end(); });
test.skip("later", (t) => t.end());
"""
THROWS = """\
const test = require("tape");
test("small", (t) => { t.ok(true); t.end(); });
test("bad", (t) => { t.ok(true); throw new Error("no"); });
test("after", (t) => { t.ok(true); t.end(); });
"""
UVU = """\
const { test } = require("uvu");
const assert = require("uvu/assert");
const { add } = require("../lib.cjs");
test("small", () => assert.is(add(1, 2), EXPECTED));
test.run();
"""
NESTED = ("add > small", "add > wrong", "add > later")
FLAT = ("small", "wrong", "later")
RUNNERS = {
    "jest": ("jest", {"test/a.test.js": JEST, "test/b.test.js": BROKEN}, NESTED),
    "vitest": ("vitest", {"test/a.test.mjs": VITEST, "test/b.test.mjs": BROKEN}, NESTED),
    "mocha": ("mocha --recursive", {"test/a.js": MOCHA}, NESTED),
    "ava": ("ava -- test/a.mjs test/b.mjs", {"test/a.mjs": AVA, "test/b.mjs": BROKEN}, FLAT),
    "tape": ("tape -- test/a.js test/b.js", {"test/a.js": TAPE, "test/b.js": BROKEN}, FLAT),
}


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of images of our own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def run(tmp_path: Path, image: str, command: str, files: dict[str, str], *ids: str) -> TestRun:
    tree = named_tree(tmp_path, {"lib.cjs": LIBRARY, "package.json": '{"name": "words"}', **files})
    with backend("bwrap").open(tree, image, LIMITS) as box:
        return run_tests(box, TestPlan(framework="node", fail_to_pass=(), command=command), ids, timeout=50)


def outcome(result: TestRun) -> dict[str, str]:
    return {test: str(status) for test, status in result.results.items()}


@pytest.mark.parametrize("name", RUNNERS)
def test_each_result_is_read_from_the_runners_own_report(tmp_path: Path, name: str) -> None:
    command, files, (small, wrong, later) = RUNNERS[name]
    path = next(iter(files))
    result = run(tmp_path, npm_image(), command, {path: files[path]})
    assert result.complete, result.output
    skipped = {} if name == "tape" else {f"{path}::{later}": "skipped"}  # tape says nothing of skipped tests
    assert outcome(result) == {f"{path}::{small}": "passed", f"{path}::{wrong}": "failed"} | skipped
    assert set(result.failures) == {f"{path}::{wrong}"}
    assert "4" in result.output


@pytest.mark.parametrize("name", [name for name, (_, files, _) in RUNNERS.items() if len(files) > 1])
def test_a_file_that_breaks_off_fails_its_tests_and_no_others(tmp_path: Path, name: str) -> None:
    command, files, (small, *_) = RUNNERS[name]
    path, broken = files
    result = run(tmp_path, npm_image(), command, files, f"{path}::{small}", f"{broken}::some test")
    assert result.complete, result.output
    assert outcome(result) == {f"{path}::{small}": "passed", f"{broken}::some test": "error"}
    assert "not today" in result.output


@pytest.mark.parametrize("name", RUNNERS)
def test_only_the_files_of_the_requested_tests_are_run(tmp_path: Path, name: str) -> None:
    command, files, (small, *_) = RUNNERS[name]
    path = next(iter(files))
    result = run(tmp_path, npm_image(), command, files, f"{path}::{small}")
    assert result.complete, result.output
    assert outcome(result) == {f"{path}::{small}": "passed"}
    assert "not today" not in result.output


def test_a_hook_that_fails_is_an_error_of_the_tests_that_it_stops(tmp_path: Path) -> None:
    result = run(tmp_path, npm_image(), "mocha", {"test/a.js": HOOK}, "test/a.js::hook > never")
    assert outcome(result) == {"test/a.js::hook > never": "error"}
    assert "no hook" in result.failures["test/a.js::hook > never"]


def test_a_tape_test_that_throws_stops_its_file_and_is_an_error(tmp_path: Path) -> None:
    files = {"test/a.js": THROWS}
    ids = [f"test/a.js::{name}" for name in ("small", "bad", "after")]
    result = run(tmp_path, npm_image(), "tape -- test/a.js", files, *ids)
    assert result.complete, result.output
    assert [outcome(result)[test] for test in ids] == ["passed", "error", "error"]
    assert result.failures[ids[1]].startswith("Error: no")


@pytest.mark.parametrize(("expected", "status"), [("3", "passed"), ("4", "failed")])
def test_uvu_reports_an_exit_code_per_file(tmp_path: Path, expected: str, status: str) -> None:
    files = {"test/a.js": UVU.replace("EXPECTED", expected)}
    result = run(tmp_path, npm_image(), "uvu -- test/a.js", files)
    assert result.complete, result.output
    assert outcome(result) == {"test/a.js::whole file": status}


@pytest.mark.parametrize(("code", "status"), [("0", "passed"), ("3", "failed")])
def test_a_script_is_one_test(tmp_path: Path, code: str, status: str) -> None:
    files = {"test/a.js": f"process.exit({code});\n"}
    result = run(tmp_path, "node", "script -- test/a.js test/missing.js", files)
    assert result.complete, result.output
    assert outcome(result) == {"test/a.js::whole file": status}


@pytest.mark.parametrize("name", ["jest", "mocha"])
def test_a_process_that_ends_early_gives_no_result(tmp_path: Path, name: str) -> None:
    command, files, (small, *_) = RUNNERS[name]
    path = next(iter(files))
    text = files[path].replace("describe(", "process.exit(0);\ndescribe(", 1)
    result = run(tmp_path, npm_image(), command, {path: text}, f"{path}::{small}")
    assert not result.passed((f"{path}::{small}",))


def test_a_report_that_was_there_before_is_not_read(tmp_path: Path) -> None:
    tree = named_tree(tmp_path, {"lib.cjs": LIBRARY, "package.json": "{}", "test/a.js": MOCHA})
    plan = TestPlan(framework="node", fail_to_pass=(), command="mocha")
    with backend("bwrap").open(tree, npm_image(), LIMITS) as box:
        assert run_tests(box, plan, timeout=50).complete
        box.exec("echo forged >/tmp/.codegym-report")
        box.write("test/a.js", b"process.exit(0);\n")
        assert not run_tests(box, plan, timeout=50).complete
