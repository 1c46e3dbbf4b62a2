# ruff: noqa: S311, PTH123, S108
"""A plugin for pytest in a run that is repeated: shuffles the tests and notes how much memory they took at most.

Written for Python 3.8 and pytest 6 and later, since the box's are not ours. ``SEED`` is put in front.
"""

from __future__ import annotations

import random
import resource
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box it is written in front of this text
    SEED = 0


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Shuffle tests within their file's classes and functions as a whole: any order is an honest one."""
    random.Random(SEED).shuffle(items)


def pytest_unconfigure() -> None:
    """Note the most memory that this process and its children held, in KiB."""
    held = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    with open("/tmp/.codegym-memory", "a") as file:
        file.write("".join(f"{kib}\n" for kib in held))
