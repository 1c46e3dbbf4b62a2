"""Which functions are worth a task, and how many tasks of one package may be alike."""

from __future__ import annotations

from codegym.task import Frozen


class Bounds(Frozen):
    """Which functions are worth a task, and how many tasks of one package may be alike.

    Functions of more than ``longest_function`` lines get no task. A task is *hard* if its function has more than
    ``long_function`` lines or its bug spans several lines; at most ``hard_share`` of a package's tasks are hard.
    At most ``operator_share`` of the tasks with one slip have the same kind of slip.

    ``per_function`` bounds the tasks, of all operators together, whose repair changes one function: whoever has
    read the function for one of them has read it for all. It leaves room for two slips, for the removed body, and
    for one task that joins the function to others. ``slips_per_function`` bounds the tasks of one slip alone, so
    that they leave that room.
    """

    long_function: int = 40
    longest_function: int = 120
    hard_share: float = 0.15
    operator_share: float = 0.07
    per_function: int = 4
    slips_per_function: int = 2
