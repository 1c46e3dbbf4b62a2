"""Tests every outcome of a grade, in real boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome, TestStatus, Verdict
from codegym.grade.grade import MOST_PATCH_BYTES, extract_patch, grade, grade_empty, grade_gold
from codegym.grade.protected import is_protected
from codegym.harness.cache import ResultCache
from codegym.sandbox.backend import backend
from codegym.sandbox.pool.pool import Pool
from codegym.task import TestPlan
from tests.grade.suites import F2P, GOLD, P2P, patch_of, python_suite, suite_of

BWRAP = backend("bwrap")


def verdict_on(root: Path, patch: str, **tests: object) -> Verdict:
    suite, task = python_suite(root, **tests)
    return grade(suite, task, patch, backend=BWRAP, cache=None)


def test_gold_resolves_and_nothing_does_not(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path / "suite")
    cache = ResultCache(tmp_path / "cache")
    gold = grade_gold(suite, task, backend=BWRAP, cache=cache)
    assert gold.outcome is Outcome.RESOLVED, gold
    assert gold.fail_to_pass == {F2P: TestStatus.PASSED}
    empty = grade_empty(suite, task, backend=BWRAP, cache=cache)
    assert empty.outcome is Outcome.UNRESOLVED
    assert empty.fail_to_pass == {F2P: TestStatus.FAILED}
    assert empty.pass_to_pass == {P2P: TestStatus.PASSED}
    assert "assert 3 == 4" in empty.detail
    again = grade(suite, task, task.gold_patch, backend=BWRAP, cache=cache)
    assert again.cached
    assert again.model_copy(update={"cached": False, "seconds": gold.seconds}) == gold
    assert (cache.hits, cache.misses) == (1, 2)


def test_breaking_what_passed_does_not_resolve(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, patch_of({"mod.py": "def double(x):\n    return 4\n"}))
    assert verdict.outcome is Outcome.UNRESOLVED
    assert verdict.fail_to_pass == {F2P: TestStatus.PASSED}
    assert verdict.pass_to_pass == {P2P: TestStatus.FAILED}


def test_a_test_that_is_not_there_is_missing(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, patch_of({"mod.py": GOLD}), pass_to_pass=("tests/test_mod.py::test_gone",))
    assert verdict.outcome is Outcome.UNRESOLVED
    assert verdict.pass_to_pass == {"tests/test_mod.py::test_gone": TestStatus.MISSING}


PROTECTED = {
    "a deleted test": {"tests/test_mod.py": None},
    "an easy test": {"tests/test_mod.py": "def test_two(): pass\ndef test_one(): pass\n"},
    "conftest": {"conftest.py": "import pytest\ndef pytest_runtest_call(item): pass\n"},
    "a conftest deeper": {"tests/conftest.py": "collect_ignore_glob = ['*']\n"},
    "pytest.ini": {"pytest.ini": "[pytest]\naddopts = --co\n"},
    "sitecustomize": {"sitecustomize.py": "import os; os._exit(0)\n"},
    "a plugin's metadata": {"x.dist-info/entry_points.txt": "[pytest11]\nx = mod\n"},
    "pytest itself": {"pytest/__init__.py": "def main(*a): return 0\n"},
    "what tests read": {"pkg/testdata/expected.json": "{}\n"},
}


def test_the_files_of_deciding_tests_are_protected_wherever_they_lie() -> None:
    plan = TestPlan(
        framework="pytest", fail_to_pass=("checks/verify.py::test_a[x]",), pass_to_pass=("spec.py::b",)
    )
    assert is_protected("checks/verify.py", plan)
    assert is_protected("spec.py", plan)
    assert not is_protected("checks/other.py", plan)


@pytest.mark.parametrize(("test", "protected"), [
    ("pkg/mod.py::pkg.mod.func", False),
    ("src/pkg/mod.py::pkg.mod.Class.method", False),
    ("pkg/__init__.py::pkg", False),
    ("pkg/__init__.py::pkg.func", False),
    ("clock.py::clock", False),
    ("clock.py::clock.minutes", False),
    ("docs/guide.rst::guide.rst", False),
    ("checks/verify.py::check_verify", True),
    ("checks/test_mod.py::test_mod", True),
    ("pkg/mod.py::TestMod::test_mod", True),
    ("pkg/mod.py::test_mod[pkg.mod.func]", True),
    ("pkg/mod.py::other.mod.func", True),
    ("pkg/tests/test_mod.py::pkg.tests.test_mod.func", True),
])  # fmt: skip
def test_the_file_of_a_doctest_is_no_test(test: str, protected: bool) -> None:
    plan = TestPlan(framework="pytest", fail_to_pass=(test,))
    assert is_protected(test.partition("::")[0], plan) is protected


def test_all_forms_of_a_grade_are_run_in_one_box(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    grade_gold(suite, task, backend=BWRAP, cache=None)
    pool = Pool(BWRAP, spare=0)
    solution = patch_of({"mod.py": "def double(x):\n    return x * 2\n"})
    verdict = grade(suite, task, solution, backend=pool, cache=None)
    pool.close()
    assert verdict.outcome is Outcome.RESOLVED
    assert (pool.counts.opened, pool.counts.reused) == (1, 0)


@pytest.mark.parametrize("what", PROTECTED)
def test_protected_paths_are_left_out(tmp_path: Path, what: str) -> None:
    verdict = verdict_on(tmp_path, patch_of(PROTECTED[what]))
    assert verdict.outcome is Outcome.UNRESOLVED
    assert verdict.fail_to_pass == {F2P: TestStatus.FAILED}
    assert f"left out, protected: {next(iter(PROTECTED[what]))}" in verdict.detail


ATTACKS = {
    "exit at import": "import os\nos._exit(0)\n",
    "exit in the test": "import os\ndef double(x):\n    os._exit(0)\n",
    "skip": "import pytest\npytest.skip('no', allow_module_level=True)\n",
    "print": "print('2 passed')\ndef double(x):\n    print('tests/test_mod.py::test_two PASSED')\n",
    "syntax error": "def double(x) return 4\n",
    "memory": "def double(x):\n    return len(bytearray(1 << 30))\n",
}


@pytest.mark.parametrize("how", ATTACKS)
def test_no_attack_resolves(tmp_path: Path, how: str) -> None:
    verdict = verdict_on(tmp_path, patch_of({"mod.py": ATTACKS[how]}))
    assert verdict.outcome is Outcome.UNRESOLVED, verdict


def test_forgery_is_tampering(tmp_path: Path) -> None:
    forge = (
        "import os\ndef double(x):\n    for fd in range(3, 30):\n        try:\n"
        '            os.write(fd, b\'["test",0,"spcptp","",""]\')\n        except OSError:\n            pass\n'
        "    return 2 * x\n"
    )
    assert verdict_on(tmp_path, patch_of({"mod.py": forge})).outcome is Outcome.TAMPERED


def test_an_endless_loop_is_a_timeout(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    task = task.model_copy(update={"limits": task.limits.model_copy(update={"grade_seconds": 3.0})})
    loop = patch_of({"mod.py": "while True: pass\n"})
    cache = ResultCache(tmp_path / "cache")
    for _ in range(2):
        verdict = grade(suite, task, loop, backend=BWRAP, cache=cache)
        assert verdict.outcome is Outcome.TIMEOUT
        assert not verdict.cached


def test_invalid_patches(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    wrong = patch_of({"mod.py": GOLD}).replace("x + 1", "x + 2")
    outside = patch_of({"PATH": "x"}).replace("PATH", "../PATH")
    huge = patch_of({"big.txt": "x" * MOST_PATCH_BYTES})
    obstacle = patch_of({"sub": "x"}).replace("sub", "tests", 1)
    folder = patch_of({"pkg": "x"})
    for patch in (wrong, outside, huge, obstacle, folder, "not a patch\n"):
        assert grade(suite, task, patch, backend=BWRAP, cache=None).outcome is Outcome.INVALID_PATCH


def test_the_patch_is_what_changed_in_the_box(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    with BWRAP.open(suite.tree(task), task.image, task.limits) as box:
        assert extract_patch(box, suite, task) == ""
        box.write("mod.py", GOLD.encode())
        box.write("tests/test_mod.py", b"def test_two(): pass\n")
        box.write("new/module.py", b"x = 1\n", executable=True)
        box.exec("git init . ; mkdir -p a/.git __pycache__; touch a/.git/x __pycache__/mod.pyc; ln -s mod.py l")
        patch = extract_patch(box, suite, task)
        big = box.exec("head -c 5000000 /dev/zero > big")
        assert big.exit_code == 0
        too_large = extract_patch(box, suite, task)
    assert [line for line in patch.splitlines() if line.startswith("diff")] == [
        "diff --git a/l b/l",
        "diff --git a/mod.py b/mod.py",
        "diff --git a/new/module.py b/new/module.py",
    ]
    assert grade(suite, task, patch, backend=BWRAP, cache=None).outcome is Outcome.RESOLVED
    verdict = grade(suite, task, too_large, backend=BWRAP, cache=None)
    assert verdict.outcome is Outcome.INVALID_PATCH
    assert "5000" in verdict.detail


TAP = """
#include <stdio.h>
int twice(int);
int main(void) {
    int n = 0, bad = 0;
    printf("1..2\\n");
    for (int i = 1; i <= 2; i++) {
        int ok = twice(i) == 2 * i;
        bad |= !ok;
        printf("%sok %d - twice %d\\n", ok ? "" : "not ", ++n, i);
        if (!ok) printf("# got %d\\n", twice(i));
    }
    return bad;
}
"""
C_REPO = {"twice.c": "int twice(int x) { return x + 1; }\n", "tests/run.c": "int main(void) { return 0; }\n"}


def test_c_programs(tmp_path: Path) -> None:
    command = "gcc -o /tmp/run tests/run.c twice.c && /tmp/run"
    plan = {
        "framework": "tap",
        "fail_to_pass": ("twice 2",),
        "pass_to_pass": ("twice 1",),
        "command": command,
    }
    suite, task = suite_of(tmp_path, C_REPO, {"tests/run.c": TAP}, tests=plan, image="cc")
    empty = grade_empty(suite, task, backend=BWRAP, cache=None)
    assert empty.outcome is Outcome.UNRESOLVED
    assert "twice 2: got 3" in empty.detail
    for text, outcome in {
        "int twice(int x) { return 2 * x; }\n": Outcome.RESOLVED,
        "#include <stdlib.h>\nint twice(int x) { exit(0); }\n": Outcome.UNRESOLVED,
        "int twice(int x) { syntax }\n": Outcome.UNRESOLVED,
    }.items():
        patch = patch_of({"twice.c": text}, C_REPO)
        assert grade(suite, task, patch, backend=BWRAP, cache=None).outcome is outcome


JS_TEST = (
    "const test = require('node:test'); const assert = require('node:assert');\n"
    "const twice = require('../twice.js');\n"
    "test.describe('twice', () => { test('two', () => assert.equal(twice(2), 4));\n"
    "  test('one', () => assert.equal(twice(1), 2)); });\n"
)
JS_REPO = {"twice.js": "module.exports = (x) => x + 1;\n", "package.json": "{}\n"}


def test_node_programs(tmp_path: Path) -> None:
    f2p, p2p = "test/twice.test.js::twice > two", "test/twice.test.js::twice > one"
    plan = {"framework": "node", "fail_to_pass": (f2p,), "pass_to_pass": (p2p,)}
    suite, task = suite_of(tmp_path, JS_REPO, {"test/twice.test.js": JS_TEST}, tests=plan, image="node")
    empty = grade_empty(suite, task, backend=BWRAP, cache=None)
    assert empty.outcome is Outcome.UNRESOLVED
    assert empty.fail_to_pass == {f2p: TestStatus.FAILED}
    assert empty.pass_to_pass == {p2p: TestStatus.PASSED}
    for text, outcome in {
        "module.exports = (x) => 2 * x;\n": Outcome.RESOLVED,
        "process.exit(0);\n": Outcome.UNRESOLVED,
        "syntax error\n": Outcome.UNRESOLVED,
    }.items():
        patch = patch_of({"twice.js": text}, JS_REPO)
        assert grade(suite, task, patch, backend=BWRAP, cache=None).outcome is outcome
