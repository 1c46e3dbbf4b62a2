"""Modules compiled once for many boxes: they must never be anything but what lies in the tree now."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.harness.codes import Codes, codes_for, codes_of
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Changes, File, Tree
from codegym.tree import store_tree
from tests.harness.boxes import open_box, tree
from tests.harness.framework.test_run_pytest import FILES, GOOD, PLAN

SUBSET = (GOOD, "tests/test_mod.py::test_bad[2]")


@pytest.fixture
def codes(tmp_path: Path) -> Iterator[Codes]:
    codes = codes_of(tree(tmp_path / "trees", **FILES), {}, "image", purpose="test")
    folder = cache_dir() / "codes" / digest_json(codes.name)
    shutil.rmtree(folder, ignore_errors=True)
    yield codes
    assert len(list(folder.glob("*.codes"))) == 2
    shutil.rmtree(folder)


@pytest.mark.parametrize("warm", [False, True])
def test_what_was_compiled_before_changes_nothing(tmp_path: Path, codes: Codes, warm: bool) -> None:
    with open_box(tmp_path / "trees", **FILES) as box:
        plain = run_tests(box, PLAN, SUBSET, timeout=30)
        first, second = (run_tests(box, PLAN, SUBSET, timeout=30, warm=warm, codes=codes) for _ in range(2))
        assert {run.model_copy(update={"seconds": 0.0}).model_dump_json() for run in (plain, first, second)} == {
            plain.model_copy(update={"seconds": 0.0}).model_dump_json()
        }
        box.write("mod.py", FILES["mod_py"].replace("+ 1", "+ 0").encode())
        box.exec("touch -d @1000000000 mod.py")
        changed = run_tests(box, PLAN, SUBSET, timeout=30, warm=warm, codes=codes)
        assert [str(status) for status in changed.results.values()] == ["failed", "passed"]
        box.write("tests/test_mod.py", b"def test_good():\n    assert 5 == 6\n")
        changed = run_tests(box, PLAN, SUBSET, timeout=30, warm=warm, codes=codes)
        assert changed.failures == {GOOD: "assert 5 == 6"}


def test_what_can_t_be_compiled_is_left_to_the_run(tmp_path: Path, codes: Codes) -> None:
    with open_box(tmp_path / "trees", **FILES) as box:
        box.write("mod.py", b"def f(x) return\n")
        box.write("other.py", b"\0\xff")
        run = run_tests(box, PLAN, SUBSET, timeout=30, codes=codes)
    assert "SyntaxError" in run.failures[GOOD]


def test_a_run_is_handed_what_lies_in_its_tree_only(tmp_path: Path, codes: Codes) -> None:
    base = tree(tmp_path / "trees", **FILES)
    with open_box(tmp_path / "trees", **FILES) as box:
        whole = codes_for(box, codes, ("tests/test_mod.py",))
        file = File(b"def f(x):\n    return None\n")
        bug: Changes = {"mod.py": file}
        broken = Tree((store_tree({"mod.py": file}, tmp_path / "trees"), *base.layers), "")
        for other in (codes_of(broken, {}, "image", purpose="test"), codes_of(base, bug, "image", purpose="test")):
            handed = codes_for(box, other, ("tests/test_mod.py",))
            assert b"/work/mod.py" in whole
            assert b"/work/mod.py" not in handed
            assert b"/work/tests/test_mod.py" in handed
        control = codes_of(base, {"tests/test_mod.py": File(b"")}, "image", purpose="test")
        assert b"/work/tests/test_mod.py" not in codes_for(box, control, ("tests/test_mod.py",))
