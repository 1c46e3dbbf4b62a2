"""Tests which files belong to a task's tests, and which files of a patch would be imported in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.patch import make_patch
from codegym.sandbox.backend import backend
from tests.grade.suites import FILES, GOLD, HIDDEN, change, files, patch_of, python_suite, suite_of

IMPORTS = "import statistics\nfrom json.decoder import JSONDecoder\nimport os.path as p, unittest.mock\n"
NODE = "tests/test_mod.py::test_two"


def subject_of(root: Path, repo: dict[str, str] = FILES, solution: dict[str, str | None] | None = None) -> Subject:
    gold = make_patch(files(repo), change(solution or {"mod.py": GOLD}))
    plan = {"framework": "pytest", "fail_to_pass": (NODE,)}
    hidden = {"tests/test_mod.py": IMPORTS + HIDDEN}
    suite, task = suite_of(root, repo, hidden, tests=plan, image="python", gold_patch=gold)
    return Subject(suite, task, backend("bwrap"))


@pytest.mark.parametrize(("path", "left_out"), [
    ("statistics.py", True),
    ("src/statistics.py", True),
    ("lib/statistics.py", True),
    ("statistics/__init__.py", True),
    ("statistics.cpython-311-x86_64-linux-gnu.so", True),
    ("src/json/decoder.py", True),
    ("json/decoder.py", True),
    ("unittest/mock.py", True),
    ("os.py", True),
    ("pkg/statistics.py", False),
    ("src/pkg/statistics.py", False),
    ("fractions.py", False),
    ("statistics.txt", False),
    ("statistics/notes.txt", False),
    ("mod.py", False),
    ("pytest_extra.py", False),
])  # fmt: skip
def test_a_file_that_would_be_imported_for_a_standard_module_of_the_tests(
    tmp_path: Path, path: str, left_out: bool
) -> None:
    assert subject_of(tmp_path).shadowing_paths(change({path: "", "other.py": ""})) == (
        {path} if left_out else set()
    )


@pytest.mark.parametrize("own", ["statistics.py", "src/statistics.py", "statistics/__init__.py"])
def test_what_the_tree_or_gold_has_by_that_name_is_the_task_s_own(tmp_path: Path, own: str) -> None:
    changes = change({own: "x = 2\n", "json.py": ""})
    in_tree = subject_of(tmp_path / "tree", FILES | {own: "x = 1\n"})
    in_gold = subject_of(tmp_path / "gold", FILES, {own: "x = 1\n", "mod.py": GOLD})
    assert in_tree.shadowing_paths(changes) == {"json.py"}
    assert in_gold.shadowing_paths(changes) == {"json.py"}
    assert subject_of(tmp_path / "neither").shadowing_paths(changes) == {own, "json.py"}


def test_what_shadows_is_left_out_and_named(tmp_path: Path) -> None:
    subject = subject_of(tmp_path)
    patch = patch_of({"mod.py": GOLD, "statistics.py": "import os\nos._exit(0)\n"})
    verdict = grade(subject.suite, subject.task, patch, backend=subject.backend, cache=None)
    assert verdict.outcome is Outcome.RESOLVED, verdict
    assert verdict.detail.endswith("left out, protected: statistics.py")


def test_the_files_of_tests(tmp_path: Path) -> None:
    repo = FILES | {
        "tests/helper.py": "x = 1\n",
        "conftest.py": "",
        "tests/data.txt": "x\n",
        "tests/test_other.py": "",
    }
    subject = subject_of(tmp_path, repo)
    assert list(subject.deciding_files) == ["tests/test_mod.py"]
    assert subject.deciding_files["tests/test_mod.py"].content == (IMPORTS + HIDDEN).encode()
    assert sorted(subject.helper_files) == ["conftest.py", "tests/helper.py", "tests/test_other.py"]
    assert subject.gold == change({"mod.py": GOLD})


def test_a_gold_patch_that_changes_tests_or_does_not_apply(tmp_path: Path) -> None:
    both = subject_of(tmp_path / "both", FILES, {"mod.py": GOLD, "tests/test_mod.py": "def test_two(): pass\n"})
    assert both.gold == change({"mod.py": GOLD})
    suite, task = python_suite(tmp_path / "stale")
    stale = task.model_copy(update={"gold_patch": task.gold_patch.replace("x + 1", "x + 2")})
    assert Subject(suite, stale, both.backend).gold is None
    assert Subject(suite, task.model_copy(update={"gold_patch": ""}), both.backend).gold is None
