"""Writes suites of one task for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegym.patch import make_patch
from codegym.sandbox.protocol import Changes, File
from codegym.suite import Manifest, Suite
from codegym.task import FolderSource, Limits, Task
from codegym.tree import read_tree, tree_digest, write_file

MOD = "def double(x):\n    return x + 1\n"
GOLD = "def double(x):\n    return 2 * x\n"
HIDDEN = (
    "from mod import double\n\ndef test_two():\n    assert double(2) == 4\n\n"
    "def test_one():\n    assert double(1) == 2\n"
)
F2P, P2P = "tests/test_mod.py::test_two", "tests/test_mod.py::test_one"
FILES = {
    "mod.py": MOD,
    "pkg/__init__.py": "",
    "tests/test_mod.py": "from mod import double\ndef test_one(): assert double(1) == 2\n",
}


def files(texts: Mapping[str, str]) -> dict[str, File]:
    return {path: File(text.encode()) for path, text in texts.items()}


def folder(root: Path, name: str, texts: Mapping[str, str]) -> FolderSource:
    for path, file in files(texts).items():
        write_file(root / name / path, file)
    return FolderSource(path=name, digest=tree_digest(read_tree(root / name)))


def suite_of(root: Path, repo: Mapping[str, str], hidden: Mapping[str, str], **fields: Any) -> tuple[Suite, Task]:
    tests = fields.pop("tests") | {"hidden": folder(root, "hidden", hidden)}
    limits = Limits(grade_seconds=20, memory_mb=512, processes=64)
    source = folder(root, "repo", repo)
    task = Task(id="t", instruction="Repair it.", source=source, tests=tests, limits=limits, **fields)
    manifest = Manifest(name="one", version=1, title="One task")
    return Suite(manifest, root, {"t": task}, {"test": ("t",)}), task


def python_suite(root: Path, **tests: Any) -> tuple[Suite, Task]:
    plan = {"framework": "pytest", "fail_to_pass": (F2P,), "pass_to_pass": (P2P,)} | tests
    gold = make_patch(files(FILES), change({"mod.py": GOLD}))
    return suite_of(root, FILES, {"tests/test_mod.py": HIDDEN}, tests=plan, image="python", gold_patch=gold)


def change(texts: Mapping[str, str | None]) -> Changes:
    return {path: None if text is None else File(text.encode()) for path, text in texts.items()}


def patch_of(texts: Mapping[str, str | None], repo: Mapping[str, str] = FILES) -> str:
    return make_patch(files(repo), change(texts))
