"""What is read of an sdist and of a commit."""

from __future__ import annotations

import tarfile
from pathlib import Path

from codegym.foundry.repository.origin import origin
from codegym.tree import read_tree, store_tree
from tests.foundry.conftest import write_tar
from tests.foundry.repositories import commit, git


def test_caches_that_were_published_are_not_part_of_the_tree(tmp_path: Path) -> None:
    members = {"PKG-INFO": b"Name: a\nVersion: 1.0\n", "a.py": b"", "docs/__pycache__/conf.cpython-38.pyc": b"\0"}
    archive = write_tar(
        tmp_path / "a-1.0.tar.gz", [(tarfile.TarInfo(f"a-1.0/{path}"), text) for path, text in members.items()]
    )
    files = origin(str(archive), tmp_path).files
    assert {*files} == {"PKG-INFO", "a.py"}
    assert read_tree(store_tree(files, tmp_path / "store")) == files


def test_caches_that_were_committed_are_not_part_of_the_tree(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    commit(folder, {"a.py": "", "__pycache__/a.cpython-38.pyc": "", "node_modules/b/index.js": ""}, "Begin")
    assert "node_modules/b/index.js" in git(folder, "ls-files")
    assert {*origin(str(folder), tmp_path).files} == {"a.py"}
