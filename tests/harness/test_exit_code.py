"""Tests whose results are exit codes, and automake's lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.harness.exit_code import (
    automake_command,
    exit_codes_command,
    prints_automake,
    prints_exit_codes,
    read_automake,
    read_exit_codes,
)
from codegym.harness.run import run_tests
from codegym.task import TestPlan
from tests.harness.boxes import open_box

SUMMARY = """\
make  check-TESTS
PASS: tests/ring
XFAIL: tests/later
SKIP: tests/slow
FAIL: tests/full
# TOTAL: 4
# PASS:  1
make: *** [Makefile:530: check] Error 2
"""


def test_automakes_lines_are_read() -> None:
    report = read_automake(SUMMARY)
    assert not report.wrong
    assert {name: str(status) for name, status in report.results.items()} == {
        "tests/ring": "passed",
        "tests/later": "skipped",
        "tests/slow": "skipped",
        "tests/full": "failed",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no test"),
        ("PASS: a\nPASS: a\n", "seen twice"),
        ("PASS: a\n# TOTAL: 2\n", "2 tests were counted, 1 seen"),
    ],
)
def test_automakes_lines_that_are_not_whole(text: str, why: str) -> None:
    assert any(why in wrong for wrong in read_automake(text).wrong)


@pytest.mark.parametrize("text", ["", "0 a\n0 a\n", "0\n", "all good\n"])
def test_exit_codes_that_are_not_whole(text: str) -> None:
    assert read_exit_codes(text).wrong


def test_the_kind_of_report_is_part_of_the_command() -> None:
    assert prints_automake(automake_command("make check"))
    assert prints_exit_codes(exit_codes_command("make && ./a"))
    assert not prints_automake("make check")
    assert not prints_exit_codes("make && ./a")


def test_each_part_of_a_command_is_a_test(tmp_path: Path) -> None:
    command = exit_codes_command("cc -o ring ring.c && ./ring && ./ring full && echo '0 forged'")
    text = "int main(int n, char **words) { (void)words; return n > 1; }\n"
    with open_box(tmp_path, image="cc", ring_c=text) as box:
        run = run_tests(box, TestPlan(framework="tap", fail_to_pass=(), command=command), timeout=20)
    assert run.complete, run.output
    assert {name: str(status) for name, status in run.results.items()} == {
        "cc -o ring ring.c": "passed",
        "./ring": "passed",
        "./ring full": "failed",
        "echo '0 forged'": "passed",
    }
