"""What a hold-out is about: a project in a box, and a draft whose tests were run there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegym.foundry.record.record import Boundary
from codegym.sandbox.protocol import Changes, Sandbox
from codegym.task import TestPlan
from codegym.tree import Files


@dataclass(frozen=True)
class OpenProject:
    """A project without any bug in a ``box``; ``tests`` are the tests that pass in it.

    One run of tests may take ``seconds``.
    """

    box: Sandbox
    plan: TestPlan
    files: Files
    tests: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Noticed:
    """A draft's ``changes`` and changed ``functions``, the tests that it breaks, and some that it does not break.

    ``key`` is the draft's. ``is_described`` is true if the instruction says what is missing, so that no failing
    test has to be visible.
    """

    failed: Sequence[str]
    passed: Sequence[str]
    key: str
    changes: Changes
    functions: Sequence[Boundary]
    is_described: bool
