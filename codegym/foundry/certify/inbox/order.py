# ruff: noqa: S311, PTH123, S108
"""A pytest plugin for repeated runs: shuffles the tests, and records how much memory they used at most.

It is written for Python 3.8 and pytest 6 and later, which the box may have. ``SEED`` is written in front of it.
"""

from __future__ import annotations

import random
import resource
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box it is written in front of this text
    SEED = 0


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Shuffle all tests: a test that is not flaky passes in any order."""
    random.Random(SEED).shuffle(items)


def pytest_unconfigure() -> None:
    """Record the most memory that this process and its children used, in KiB."""
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    with open("/tmp/.codegym-memory", "a") as file:
        file.write("".join(f"{kib}\n" for kib in peaks))
