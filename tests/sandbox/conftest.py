"""A small base tree and embedded boxes over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.bwrap.capabilities import why_unavailable
from codegym.sandbox.layered.box import LaidBox
from codegym.sandbox.protocol import File, Tree
from codegym.task import Limits
from codegym.tree import store_tree, tree_digest

FILES = {"a.txt": File(b"a\n"), "d/b.txt": File(b"b\n")}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree((store_tree(FILES, tmp_path / "trees"),), tree_digest(FILES))


@pytest.fixture
def box(tree: Tree) -> Iterator[LaidBox]:
    if why_unavailable():
        pytest.skip(why_unavailable())
    with BwrapBackend().open(tree, "cc", Limits()) as box:
        yield box
