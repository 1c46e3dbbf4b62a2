"""Modules compiled once for many boxes: they must never be anything but what lies in the tree now."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.harness.run import run_tests, source_name
from tests.harness.boxes import open_box, tree
from tests.harness.test_run_pytest import FILES, GOOD, PLAN

SUBSET = (GOOD, "tests/test_mod.py::test_bad[2]")


@pytest.fixture
def source(tmp_path: Path) -> Iterator[str]:
    name = source_name(tree(tmp_path / "trees", **FILES), "image", purpose="test")
    folder = cache_dir() / "codes" / digest_json(name)
    shutil.rmtree(folder, ignore_errors=True)
    yield name
    assert len(list(folder.glob("*.bin"))) == 2
    shutil.rmtree(folder)


@pytest.mark.parametrize("warm", [False, True])
def test_what_was_compiled_before_changes_nothing(tmp_path: Path, source: str, warm: bool) -> None:
    with open_box(tmp_path / "trees", **FILES) as box:
        plain = run_tests(box, PLAN, SUBSET, timeout=30)
        first, second = (run_tests(box, PLAN, SUBSET, timeout=30, warm=warm, source=source) for _ in range(2))
        assert {run.model_copy(update={"seconds": 0.0}).model_dump_json() for run in (plain, first, second)} == {
            plain.model_copy(update={"seconds": 0.0}).model_dump_json()
        }
        box.write("mod.py", FILES["mod_py"].replace("+ 1", "+ 0").encode())
        box.exec("touch -d @1000000000 mod.py")
        changed = run_tests(box, PLAN, SUBSET, timeout=30, warm=warm, source=source)
        assert [str(status) for status in changed.results.values()] == ["failed", "passed"]
        box.write("tests/test_mod.py", b"def test_good():\n    assert 5 == 6\n")
        changed = run_tests(box, PLAN, SUBSET, timeout=30, warm=warm, source=source)
        assert changed.failures == {GOOD: "assert 5 == 6"}


def test_what_can_t_be_compiled_is_left_to_the_run(tmp_path: Path, source: str) -> None:
    with open_box(tmp_path / "trees", **FILES) as box:
        box.write("mod.py", b"def f(x) return\n")
        box.write("other.py", b"\0\xff")
        run = run_tests(box, PLAN, SUBSET, timeout=30, source=source)
    assert "SyntaxError" in run.failures[GOOD]
