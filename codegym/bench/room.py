"""What the sandbox bench measures: something that gives fresh workspaces, ours or a peer's, in one small form."""

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


class Room(Protocol):
    """A fresh workspace in which commands run."""

    def run(self, *argv: str) -> int:
        """Run a command to its end and return its exit code."""
        ...

    def close(self) -> None:
        """Give it up."""
        ...


@dataclass(frozen=True)
class Subject:
    """Something measured. ``fresh`` makes a room from nothing; ``note`` says with what its numbers must be read.

    Ours have the backend's name as ``backend``, and what needs more than a room is measured through that.
    ``sweep`` deletes what a peer leaves behind when its owner is killed.
    """

    name: str
    note: str
    fresh: Callable[[], Room]
    backend: str | None = None
    sweep: Callable[[], None] = lambda: None

    @property
    def containers(self) -> bool:
        """Whether its rooms are containers."""
        return self.name not in {"bwrap", "host"}


@dataclass(frozen=True)
class BoxRoom:
    """A box of ours as a room."""

    box: Sandbox

    def run(self, *argv: str) -> int:
        """See :class:`Room`."""
        return self.box.exec(argv).exit_code

    def close(self) -> None:
        """See :class:`Room`."""
        self.box.close()


def ours(name: str, tree: Tree) -> Subject:
    """Return our backend called ``name`` as a subject."""
    opened = backend(name)
    return Subject(name, "", lambda: BoxRoom(opened.open(tree, IMAGE, LIMITS)), name)


class Waiting(AbstractContextManager["Waiting"]):
    """A pool of a backend of ours with boxes that wait, as a rollout has it once it is under way."""

    def __init__(self, name: str, tree: Tree, boxes: int) -> None:
        self._tree = tree
        self._pool = Pool(backend(name), most=boxes, spare=0)
        rooms = [self.room() for _ in range(boxes)]
        for room in rooms:
            room.close()

    def room(self) -> BoxRoom:
        """Return a box from the pool."""
        return BoxRoom(self._pool.open(self._tree, IMAGE, LIMITS))

    def __exit__(self, *_: object) -> None:
        self._pool.close()


def repository(files: int, store: Path) -> Tree:
    """Return a tree of ``files`` Python modules of 6 kB each, a hundred to a folder, and one small test."""
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
    """Raise :class:`SandboxError` for a command that should have gone well: its time means nothing."""
    if code != 0:
        raise SandboxError(f"a command that is measured ended with {code}")
