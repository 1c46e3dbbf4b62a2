"""The warm server gives what a cold run gives, quicker, and survives nothing that it should not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Sandbox
from tests.harness.boxes import open_box
from tests.harness.framework.test_run_pytest import FILES, FORGE, GOOD, PLAN, QUITS, attack


def same(run: TestRun) -> dict[str, object]:
    return run.model_dump(exclude={"seconds"})


def server(box: Sandbox) -> str:
    return box.exec("cat /tmp/.codegym-warm/pid").stdout.strip()


def test_the_same_results_as_cold(tmp_path: Path) -> None:
    with open_box(tmp_path, **FILES) as box:
        cold = run_tests(box, PLAN, timeout=30)
        warm = run_tests(box, PLAN, timeout=30, warm=True)
        assert same(warm) == same(cold)
        pid = server(box)
        box.write("mod.py", b"def f(x):\n    return x + 2\n")
        again = run_tests(box, PLAN, (GOOD,), timeout=30, warm=True)
        assert str(again.results[GOOD]) == "failed"
        assert server(box) == pid != ""


@pytest.mark.parametrize("how", QUITS)
def test_no_way_to_quit_counts_as_passed(tmp_path: Path, how: str) -> None:
    box, ids = attack(tmp_path, QUITS[how])
    with box:
        runs = [run_tests(box, PLAN, ids, timeout=30, warm=True) for _ in range(2)]
        cold = run_tests(box, PLAN, ids, timeout=30)
    for run in runs:
        assert not run.passed(ids)
        assert same(run) == same(cold)


def test_forged_packets_are_evidence(tmp_path: Path) -> None:
    box, ids = attack(tmp_path, FORGE)
    with box:
        assert run_tests(box, PLAN, ids, timeout=30, warm=True).tampering


def test_what_a_run_left_behind_is_killed(tmp_path: Path) -> None:
    daemon = """
        import os, time
        def f(x):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(60)
                os._exit(0)
            return 2
        """
    box, ids = attack(tmp_path, daemon)
    with box:
        for _ in range(2):
            assert run_tests(box, PLAN, ids, timeout=30, warm=True).passed(ids)
            left = box.exec("grep -l ^python3 /proc/[0-9]*/cmdline")
            assert left.stdout.split() == [f"/proc/{server(box)}/cmdline"]


def test_it_is_started_again_when_it_is_gone(tmp_path: Path) -> None:
    box, ids = attack(tmp_path, FILES["mod_py"])
    with box:
        start = box.snapshot()
        for lose in (lambda: box.exec(f"kill -9 {server(box)}; sleep 0.3"), lambda: box.restore(start)):
            assert run_tests(box, PLAN, ids, timeout=30, warm=True).passed(ids)
            lose()
            assert run_tests(box, PLAN, ids, timeout=30, warm=True).passed(ids)


def test_timeouts(tmp_path: Path) -> None:
    box, ids = attack(tmp_path, "while True:\n    pass\n")
    with box:
        started = time.monotonic()
        run = run_tests(box, PLAN, ids, timeout=2, warm=True)
        assert run.timed_out
        assert not run.complete
        assert time.monotonic() - started < 10
        box.write("mod.py", FILES["mod_py"].encode())
        assert run_tests(box, PLAN, ids, timeout=30, warm=True).passed(ids)
