"""Any sequence of edits, in an embedded box and in a plain folder, is seen as the same changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.fake import FakeBackend, FakeBox
from codegym.sandbox.layered.box import LaidBox
from codegym.sandbox.protocol import File, Snapshot, Tree
from codegym.task import Limits
from codegym.tree import store_tree, tree_digest

PATHS = ["f", "d", "d/f", "d/e", "d/e/f", "n", "n/f"]
EDITS = [
    "rm -rf {0}",
    "mkdir -p {0}",
    "echo {1} > {0}",
    "ln -sfn {1} {0}",
    "mv {0} {1}",
    "cp {0} {1}",
    "chmod +x {0}",
]
FILES = {name: File(name.encode()) for name in ("f", "d/f", "d/g", "d/e/f", "d/e/h")}

edits = st.builds(str.format, st.sampled_from(EDITS), st.sampled_from(PATHS), st.sampled_from(PATHS))

Boxes = tuple[LaidBox, FakeBox, Snapshot, Snapshot]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    store: Path = tmp_path_factory.mktemp("trees")
    return Tree((store_tree(FILES, store),), tree_digest(FILES))


@pytest.fixture(scope="module")
def boxes(tree: Tree) -> Iterator[Boxes]:
    limits = Limits()
    with BwrapBackend().open(tree, "cc", limits) as real, FakeBackend().open(tree, "cc", limits) as fake:
        yield real, fake, real.snapshot(), fake.snapshot()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(edits, min_size=1, max_size=8), st.lists(edits, max_size=4))
def test_changes_agree(boxes: Boxes, first: list[str], second: list[str]) -> None:
    real, fake, real_start, fake_start = boxes
    real.restore(real_start)
    fake.restore(fake_start)
    assert real.exec("; ".join(first)).exit_code == fake.exec("; ".join(first)).exit_code
    real.snapshot()
    if second:
        real.exec("; ".join(second))
        fake.exec("; ".join(second))
    assert real.changes() == fake.changes()
