"""The interface of everything that the sandbox bench measures: it makes fresh workspaces, ours or a peer's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from codegym.errors import SandboxError
from codegym.sandbox.backend import backend
from codegym.sandbox.pool.pool import Pool
from codegym.sandbox.protocol import File, Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree, tree_digest

IMAGE = "python"
LIMITS = Limits(memory_mb=512, disk_mb=256)

SMALL_TEST = b"""import pytest


@pytest.mark.parametrize("n", range(10))
def test_square(n):
    assert n * n == sum(range(1, 2 * n, 2))
"""


class BenchWorkspace(Protocol):
    """A fresh workspace in which commands run."""

    def run(self, *argv: str) -> int:
        """Run a command to its end and return its exit code."""
        ...

    def close(self) -> None:
        """Delete the workspace."""
        ...


@dataclass(frozen=True)
class Contender:
    """A sandbox to measure. ``fresh`` makes a new workspace; ``note`` is a remark for readers of its numbers.

    ``backend`` is the name of our own backend, with which pools, forks and the like are measured, or ``None``.
    ``sweep`` deletes what a peer leaves behind when its owner is killed.
    """

    name: str
    note: str
    fresh: Callable[[], BenchWorkspace]
    backend: str | None = None
    sweep: Callable[[], None] = lambda: None

    @property
    def containers(self) -> bool:
        """Whether its workspaces are containers."""
        return self.name not in {"bwrap", "host"}


@dataclass(frozen=True)
class BoxWorkspace:
    """A workspace in one of our own boxes."""

    box: Sandbox

    def run(self, *argv: str) -> int:
        """Run a command in the box."""
        return self.box.exec(argv).exit_code

    def close(self) -> None:
        """Close the box."""
        self.box.close()


def ours(name: str, tree: Tree) -> Contender:
    """Return our own backend ``name`` as a contender."""
    sandbox_backend = backend(name)
    return Contender(name, "", lambda: BoxWorkspace(sandbox_backend.open(tree, IMAGE, LIMITS)), name)


class WarmPool(AbstractContextManager["WarmPool"]):
    """A pool of one of our backends with ``boxes`` waiting boxes, as in the middle of a rollout."""

    def __init__(self, name: str, tree: Tree, boxes: int) -> None:
        self._tree = tree
        self._pool = Pool(backend(name), most=boxes, spare=0)
        workspaces = [self.open() for _ in range(boxes)]
        for workspace in workspaces:
            workspace.close()

    def open(self) -> BoxWorkspace:
        """Return a box from the pool."""
        return BoxWorkspace(self._pool.open(self._tree, IMAGE, LIMITS))

    def __exit__(self, *_: object) -> None:
        self._pool.close()


def repository(files: int, store: Path) -> Tree:
    """Make a tree of ``files`` Python modules of 6 kB, a hundred per folder, and one small test."""
    line = "def function_{0}_{1}(value):\n    return value * {1}\n\n\n"
    content = {
        f"package_{number // 100}/module_{number}.py": File(
            "".join(line.format(number, n) for n in range(110)).encode()
        )
        for number in range(files)
    }
    content["test_small.py"] = File(SMALL_TEST)
    return Tree((store_tree(content, store),), tree_digest(content))


def check(code: int) -> None:
    """Raise :class:`SandboxError` if a measured command failed, since then its time means nothing."""
    if code != 0:
        raise SandboxError(f"a measured command ended with exit code {code}")
