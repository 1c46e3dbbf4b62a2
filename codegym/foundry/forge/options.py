"""What the user of ``codegym forge`` may choose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from codegym.foundry.describe.change import HostIssue

OPERATORS = ("mutation", "removal", "combined", "slowdown", "history", "chain")
"""The operators that make tasks, in the order in which they are tried."""

_SHARES = {"mutation": 0.4, "removal": 0.6, "combined": 0.7, "slowdown": 0.8, "history": 1.0, "chain": math.inf}
"""The share of the time for trials after which each operator has to stop. Chains have few trials, and no end."""


@dataclass(frozen=True)
class ForgeOptions:
    """Name and folder of the suite, the operators to use, and how many tasks each of them may make (``most``).

    ``seconds`` bounds the time of the survey and, again, the time of all trials; 0 is no bound. Certification
    follows and is not bounded. ``workers`` boxes are open at a time; each state of a task is run ``repeats``
    times. The image gets the packages ``more`` and, if ``declared``, those that the project declares to need.
    ``issues`` are a git host's, by number: the texts that commits refer to.
    """

    name: str
    out: Path | None = None
    operators: tuple[str, ...] = OPERATORS
    most: int = 40
    split: str = "train"
    backend: str = "bwrap"
    workers: int = 2
    repeats: int = 3
    seconds: float = 0.0
    replace: bool = False
    declared: bool = True
    more: tuple[str, ...] = ()
    issues: Mapping[int, HostIssue] = field(default_factory=dict)

    def deadline(self, operator: str, start: float) -> float:
        """Return the time at which ``operator`` has to stop, if trials began at ``start``."""
        return start + (self.seconds or math.inf) * _SHARES[operator]
