"""Which functions are worth a task, and how many tasks of one package may be alike."""

from __future__ import annotations

from codegym.task import Frozen


class Bounds(Frozen):
    """Which functions are worth a task, and how many tasks of one package may be alike.

    Functions of more than ``longest_function`` lines get no task. A task is *hard* if its function has more than
    ``long_function`` lines or its bug spans several lines; at most ``hard_share`` of a package's tasks are hard.
    At most ``operator_share`` of the tasks come from one operator, and ``per_function`` tasks from one function.
    """

    long_function: int = 40
    longest_function: int = 120
    hard_share: float = 0.15
    operator_share: float = 0.07
    per_function: int = 6
