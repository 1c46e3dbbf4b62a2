"""What the trials of one project share, and what they may use."""

from __future__ import annotations

from dataclasses import dataclass

from codegym.foundry.holdout.guard import Guard
from codegym.progress.protocol import Progress
from codegym.sandbox.protocol import Backend, Tree
from codegym.task import TestPlan
from codegym.tree import Files


@dataclass(frozen=True)
class TrialSetup:
    """A project as it is without any bug, and how its tests are run.

    ``tests`` are the ids of the tests that pass in it; ``seconds`` is how long one run of tests may take. With a
    ``guard``, a draft that makes a task gets further tests.
    """

    files: Files
    plan: TestPlan
    image: str
    tree: Tree
    tests: tuple[str, ...]
    seconds: float
    guard: Guard | None = None


@dataclass(frozen=True)
class Resources:
    """The backend that opens boxes, the number of boxes open at a time, and the callback that shows progress."""

    backend: Backend
    workers: int
    progress: Progress
