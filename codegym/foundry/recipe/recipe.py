"""Reads a recipe: pinned packages of a package index, with the paths of their code and their tests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from codegym.errors import TaskError
from codegym.foundry.draft.bounds import Bounds
from codegym.task import Frozen, Limits, SdistSource, TestPlan


class Package(Frozen):
    """One package. ``sources`` and ``tests`` are globs in its sdist; ``path`` is added to ``sys.path``.

    Tests whose id contains a text in ``deselect`` are not used. ``tasks`` is the number of tasks to make.
    """

    name: str
    version: str
    sha256: str
    license: str
    split: str
    tasks: int = Field(ge=1)
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    path: str = "."
    deselect: tuple[str, ...] = ()

    @property
    def source(self) -> SdistSource:
        """The sdist, by name, version and hash."""
        return SdistSource(name=self.name, version=self.version, sha256=self.sha256)

    @property
    def options(self) -> str:
        """The pytest options that every run of this package's tests needs."""
        return "" if self.path == "." else f"--override-ini=pythonpath={self.path}"

    def source_paths(self, paths: Iterable[str]) -> list[str]:
        """Return those of ``paths`` that may get bugs, sorted."""
        return sorted(path for path in paths if any(matches(path, glob) for glob in self.sources))

    def test_paths(self, paths: Iterable[str]) -> list[str]:
        """Return those of ``paths`` that are test files, sorted."""
        return sorted(path for path in paths if any(matches(path, glob) for glob in self.tests))

    def plan(self, fail: tuple[str, ...] = (), keep: tuple[str, ...] = (), more: str = "") -> TestPlan:
        """Return a test plan with these fail-to-pass and pass-to-pass tests and further pytest options."""
        command = " ".join(filter(None, (self.options, more)))
        return TestPlan(framework="pytest", fail_to_pass=fail, pass_to_pass=keep, command=command)


class Recipe(Bounds):
    """The packages of a suite. A bug whose tests take over ``trial_seconds`` makes no task."""

    package: tuple[Package, ...] = Field(min_length=1)
    image: str = "python"
    limits: Limits = Limits()
    trial_seconds: float = 20.0


def matches(path: str, glob: str) -> bool:
    """Return whether ``glob`` matches ``path``: ``*`` stays inside a folder, ``**/`` is any number of folders."""
    pattern = re.escape(glob).replace(r"\*\*/", "(?:.+/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(pattern, path) is not None


def load_recipe(root: Path) -> Recipe:
    """Read ``recipe.toml`` in a suite's folder. Raises :class:`~codegym.errors.TaskError`."""
    path = root / "recipe.toml"
    try:
        return Recipe(**tomllib.loads(path.read_text()))
    except (OSError, tomllib.TOMLDecodeError, ValidationError, TypeError) as error:
        raise TaskError(f"{path}: {error}") from error
