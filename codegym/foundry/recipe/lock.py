"""The lock: the tasks of a recipe suite in a form that is small enough to commit.

``lock.jsonl`` has one JSON object per line: first one per package, with the ids of all tests that its tasks name,
then one per task, which refers to these tests by number. It contains nothing of the packages' source except the
few tokens of each bug.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from codegym.atomic import write_whole
from codegym.digest import digest_bytes
from codegym.errors import TaskError
from codegym.foundry.holdout.hidden import Hidden
from codegym.task import Frozen


class LockedPackage(Frozen):
    """A package at the version that its tasks were made from. ``tree`` is the digest of its files."""

    package: str
    version: str
    sha256: str
    license: str
    split: str
    tree: str
    options: str
    tests: tuple[str, ...]


class LockedTask(Frozen):
    """A bug, the tests that fail with it (``fail``) and that still pass (``keep``), and the digest of its task.

    The text from ``start`` to ``end`` (characters) is replaced by ``new``; ``old_sha`` is the short hash of the
    old text. ``span`` is the first and the last line of the function. ``said`` are messages of the first tests
    that fail. ``hidden`` are the tests that the agent does not get, and the files that were made for them.
    ``of`` is the package.
    """

    id: str
    of: str
    path: str
    operator: str
    function: str
    span: tuple[int, int]
    start: int
    end: int
    old_sha: str
    new: str
    fail: tuple[int, ...]
    keep: tuple[int, ...]
    said: tuple[str, ...]
    hidden: Hidden = Field(default_factory=Hidden)
    digest: str = ""


class Lock(Frozen):
    """The packages and the tasks of a suite, in order."""

    packages: tuple[LockedPackage, ...]
    tasks: tuple[LockedTask, ...]

    def package(self, name: str) -> LockedPackage:
        """Return the package ``name``."""
        return next(package for package in self.packages if package.package == name)


def short_sha(text: str) -> str:
    """Return the first 12 hex digits of a text's SHA-256."""
    return digest_bytes(text.encode())[:12]


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file, whole or not at all."""
    write_whole(path, "".join(_lines([*lock.packages, *lock.tasks])))


def read_lock(path: Path) -> Lock:
    """Read a lock file. Raises :class:`~codegym.errors.TaskError` naming the line that is wrong."""
    packages: list[LockedPackage] = []
    tasks: list[LockedTask] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            fields = json.loads(line)
            if "package" in fields:
                packages.append(LockedPackage(**fields))
            else:
                tasks.append(LockedTask(**fields))
        except (ValueError, TypeError, ValidationError) as error:
            raise TaskError(f"{path}, line {number}: {error}") from error
    return Lock(packages=tuple(packages), tasks=tuple(tasks))


def _lines(rows: Iterable[Frozen]) -> Iterable[str]:
    for row in rows:
        yield json.dumps(row.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False) + "\n"
