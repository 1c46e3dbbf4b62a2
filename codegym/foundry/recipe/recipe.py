"""What a recipe suite is made from: packages on a package index, pinned, and where their code and tests lie."""

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
    """One package. ``sources`` and ``tests`` are globs in its sdist; ``path`` is put on ``sys.path``.

    ``deselect`` names tests that can't be trusted (substrings of ids), ``tasks`` how many tasks to make.
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
        """The sdist."""
        return SdistSource(name=self.name, version=self.version, sha256=self.sha256)

    @property
    def options(self) -> str:
        """The pytest options that every run of this package's tests needs."""
        return "" if self.path == "." else f"--override-ini=pythonpath={self.path}"

    def source_paths(self, paths: Iterable[str]) -> list[str]:
        """Return those of ``paths`` that bugs go into, sorted."""
        return sorted(path for path in paths if any(matches(path, glob) for glob in self.sources))

    def test_paths(self, paths: Iterable[str]) -> list[str]:
        """Return those of ``paths`` that hold tests, sorted."""
        return sorted(path for path in paths if any(matches(path, glob) for glob in self.tests))

    def plan(self, fail: tuple[str, ...] = (), keep: tuple[str, ...] = (), more: str = "") -> TestPlan:
        """Return a test plan for this package."""
        command = " ".join(filter(None, (self.options, more)))
        return TestPlan(framework="pytest", fail_to_pass=fail, pass_to_pass=keep, command=command)


class Recipe(Bounds):
    """The packages of a suite. A bug whose tests take over ``trial_seconds`` is refused."""

    package: tuple[Package, ...] = Field(min_length=1)
    image: str = "python"
    limits: Limits = Limits()
    trial_seconds: float = 20.0


def matches(path: str, glob: str) -> bool:
    """Return whether ``glob`` covers ``path``: ``*`` stays inside a folder, ``**/`` is any folders or none."""
    pattern = re.escape(glob).replace(r"\*\*/", "(?:.+/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(pattern, path) is not None


def load_recipe(root: Path) -> Recipe:
    """Read ``recipe.toml`` in a suite's folder. Raises :class:`~codegym.errors.TaskError`."""
    path = root / "recipe.toml"
    try:
        return Recipe(**tomllib.loads(path.read_text()))
    except (OSError, tomllib.TOMLDecodeError, ValidationError, TypeError) as error:
        raise TaskError(f"{path}: {error}") from error
