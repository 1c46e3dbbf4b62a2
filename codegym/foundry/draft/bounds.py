"""Which functions are worth a task, and how alike the tasks of one package may be."""

from __future__ import annotations

from codegym.task import Frozen


class Bounds(Frozen):
    """What makes a function small enough to be worth a task, and how alike the tasks of one package may be.

    ``long_function`` is a number of lines; of longer functions, and of bugs over several lines, at most
    ``hard_share`` of a package's tasks are made. No operator makes more than
    ``operator_share`` of them. ``per_function`` bounds the tasks from one function.
    """

    long_function: int = 40
    longest_function: int = 120
    hard_share: float = 0.15
    operator_share: float = 0.07
    per_function: int = 6
