"""How logs are read that SWE-bench's rows were made from."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from codegym.harness.framework.tap import read_tap
from codegym.importer.kit import log_tap
from codegym.importer.kit.log_tap import (
    FAILED,
    MOST_ECHOED,
    PASSED,
    SKIPPED,
    is_orderly,
    read,
    read_others,
    run,
    shortened,
)


@pytest.mark.parametrize(("dialect", "line", "name", "status"), [
    ("pytest", "PASSED tests/test_a.py::test_b", "tests/test_a.py::test_b", PASSED),
    ("pytest", "FAILED tests/test_a.py::test_b - assert 1", "tests/test_a.py::test_b", FAILED),
    ("pytest", "PASSED tests/test_a.py::test_b[x y]", "tests/test_a.py::test_b[x", PASSED),
    ("pytest", "\x1b[32mPASSED\x1b[0m tests/test_a.py::\x1b[1mtest_b\x1b[0m", "tests/test_a.py::test_b", PASSED),
    ("pytest", "XFAIL tests/test_a.py::test_b", "tests/test_a.py::test_b", PASSED),
    ("pytest", "tests/test_a.py::test_b PASSED   [ 50%]", "tests/test_a.py::test_b", PASSED),
    ("pytest_names", "PASSED ../tests/test_a.py::test_b[a/b]", "test_a.py::test_b", PASSED),
    ("pytest_options", "PASSED t.py::test_b[/tmp/x/y.py]", "t.py::test_b[/y.py]", PASSED),
    ("matplotlib", "PASSED t.py::test_b[MouseButton.LEFT]", "t.py::test_b[1]", PASSED),
    ("django", "test_a (b.tests.C) ... ok", "test_a (b.tests.C)", PASSED),
    ("django", "Named URLs should be reversible ... ok", "Named URLs should be reversible", PASSED),
    ("django", "test_a (b.tests.C) ... skipped 'no'", "test_a (b.tests.C)", SKIPPED),
    ("django", "FAIL: test_a (b.tests.C)", "test_a (b.tests.C)", FAILED),
    ("sympy", "test_a ok", "test_a", PASSED),
    ("sympy", "test_a E", "test_a", FAILED),
    ("sympy", "_____ sympy/core/tests/test_x.py:test_a _____", "test_a", FAILED),
    ("go", "    --- PASS: TestA/b_c (0.00s)", "TestA/b_c", PASSED),
    ("go", "--- FAIL: TestA (0.10s)", "TestA", FAILED),
    ("cargo", "test a::b ... ok", "a::b", PASSED),
    ("cargo", "test a::b ... ignored", "a::b", SKIPPED),
    ("marks", "  ✓ adds numbers (3 ms)", "adds numbers", PASSED),
    ("marks", "  ✕ adds numbers", "adds numbers", FAILED),
    ("marks", "  ✓ waits 100 ms", "waits 100 ms", PASSED),
    ("marks", "  ✓ waits (12ms) (3 ms)", "waits (12ms)", PASSED),
    ("marks", "  ✓ waits 0.3s [1.20ms]", "waits 0.3s", PASSED),
    ("marks", "   \u00d7 adds numbers 12ms", "adds numbers", FAILED),
    ("marks", "   ↓ adds numbers [skipped]", "adds numbers [skipped]", SKIPPED),
    ("maven", "[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0 -- in a.BTest", "a.BTest", PASSED),
    ("maven", "BTest > works() FAILED", "BTest > works()", FAILED),
])  # fmt: skip
def test_every_dialect_reads_its_line(dialect: str, line: str, name: str, status: int) -> None:
    assert read(f"something else\n{line}\n", dialect) == {name: status}


@pytest.mark.parametrize(("dialect", "line", "others"), [
    ("marks", "✓ waits (12ms)", {"waits (12ms)": PASSED}),
    ("marks", "✕ waits [0.3s]", {"waits [0.3s]": FAILED}),
    ("marks", "✓ waits 100 ms", {"waits": PASSED}),
    ("marks", "✓ waits", {}),
    ("pytest", "PASSED a.py::b[x y]", {"a.py::b[x y]": PASSED}),
    ("pytest", "FAILED a.py::b[x - y] - assert a[0] - 1", {"a.py::b[x - y]": FAILED}),
    ("pytest", "XFAIL a.py::b[[x y] - later", {"a.py::b[[x y]": PASSED}),
    ("pytest", "a.py::b[x y] PASSED     [ 50%]", {"a.py::b[x y]": PASSED}),
    ("pytest", "a.py::b[x y] SKIPPED (no reason)    [100%]", {"a.py::b[x y]": SKIPPED}),
    ("pytest", "PASSED a.py::b", {}),
])  # fmt: skip
def test_a_line_may_be_read_as_another_name(dialect: str, line: str, others: dict[str, int]) -> None:
    assert read_others(line, dialect) == others


def test_a_name_in_the_log_is_not_listed_as_another_name() -> None:
    log = "✓ waits\n✕ waits 100 ms\n"
    assert read(log, "marks") == {"waits": PASSED, "waits 100 ms": FAILED}
    assert read_others(log, "marks") == {}


@pytest.mark.parametrize(("dialect", "code", "failed", "orderly"), [
    ("marks", 3, 3, True),
    ("marks", 8, 0, True),
    ("marks", 130, 130, True),
    ("marks", 255, 900, True),
    ("marks", 130, 2, False),
    ("marks", 127, 0, False),
    ("marks", -9, 0, False),
    ("go", 139, 3, False),
    ("maven", 17, 1, True),
    ("pytest", 1, 3, True),
    ("pytest", 3, 3, False),
    ("matplotlib", 4, 0, False),
])  # fmt: skip
def test_an_exit_code_shows_whether_a_run_ended_in_order(
    dialect: str, code: int, failed: int, orderly: bool
) -> None:
    assert is_orderly(code, dialect, failed) is orderly


def test_the_adapter_does_not_wait_for_background_processes() -> None:
    began = time.monotonic()
    output, code = run("sleep 30 & echo 'PASSED a.py::b'")
    assert (output, code) == (b"PASSED a.py::b\n", 0)
    assert time.monotonic() - began < 10


def test_a_long_log_is_printed_without_its_middle() -> None:
    log = b"begin" + b"." * 3 * MOST_ECHOED + b"end"
    short = shortened(log)
    assert len(short) < 2 * MOST_ECHOED + 20
    assert (short[:5], short[-3:]) == (b"begin", b"end")
    assert shortened(b"short") == b"short"


def test_the_worst_of_several_results_counts() -> None:
    assert read("FAILED a.py::b[x y]\nPASSED a.py::b[x z]\n", "pytest") == {"a.py::b[x": FAILED}


@pytest.mark.parametrize(
    ("command", "code", "whole"),
    [("true", 0, True), ("exit 1", 0, True), ("exit 3", 0, False), ("kill -9 $$", 0, False)],
)
def test_the_adapter_prints_tap_that_the_harness_reads(command: str, code: int, whole: bool) -> None:
    argv = [sys.executable, str(Path(log_tap.__file__)), "pytest", f"echo 'PASSED a.py::b[#1]'; {command}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    report = read_tap(done.stdout)
    assert done.returncode == code
    assert list(report.results) == ["a.py::b[#1]"]
    assert (not report.wrong) is whole
