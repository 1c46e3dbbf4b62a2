"""The lock: what a recipe suite's tasks are, in a form small enough to commit.

``lock.jsonl`` holds one JSON object a line: first a line for each package, with the ids of the tests that any
of its tasks names, then a line for each task, which refers to them by number. Of the packages' source there is
nothing but the few tokens that a bug puts in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from codegym.digest import digest_bytes
from codegym.errors import TaskError
from codegym.task import Frozen


class LockedPackage(Frozen):
    """A package as it was when its tasks were made. ``tree`` is the digest of its files."""

    package: str
    version: str
    sha256: str
    license: str
    split: str
    tree: str
    options: str
    tests: tuple[str, ...]


class LockedTask(Frozen):
    """A bug, the tests that it breaks (``fail``) and leaves alone (``keep``), and its task's digest.

    ``said`` is how the first broken tests failed. ``span`` is the extent of the function, in lines.
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
    digest: str = ""


class Lock(Frozen):
    """The packages and the tasks of a suite, in order."""

    packages: tuple[LockedPackage, ...]
    tasks: tuple[LockedTask, ...]

    def package(self, name: str) -> LockedPackage:
        """Return one package."""
        return next(package for package in self.packages if package.package == name)


def short_sha(text: str) -> str:
    """Return the first 12 hex digits of a text's SHA-256."""
    return digest_bytes(text.encode())[:12]


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file, whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text("".join(_lines([*lock.packages, *lock.tasks])))
    draft.replace(path)


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
