"""``codegym bench generated``."""

from __future__ import annotations

from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.bench.generated import LevelCost, measure_levels
from codegym.cli.output import Json, give, table
from codegym.progress.bars import bars
from codegym.suite import load_suite


def verb(
    suite: Annotated[str, Argument(help="A generated suite.")] = "drill",
    *,
    split: Annotated[str, Option(help="train, val or test.")] = "train",
    tasks: Annotated[int, Option(min=1, help="Tasks per level.")] = 50,
    tries: Annotated[int, Option(min=1, help="Swaps that the loop may try.")] = 8,
    sandbox: Annotated[str, Option(help="Where to run: bwrap or docker.")] = "bwrap",
    as_json: Json = False,
) -> None:
    """Measure a generated suite: what a new task costs, and how many a loop over one-token swaps solves.

    The loop tries mutations of the faulty module in random order and submits the first that passes the visible
    tests. A suite that it solves has nothing to teach.

    Examples:

    - `codegym bench generated drill`
    - `codegym bench generated drill --split test --tasks 20 --tries 1000`
    """
    with bars() as progress:
        loaded = load_suite(suite)
        rows = [*measure_levels(loaded, sandbox, split=split, count=tasks, tries=tries, progress=progress)]
    give([row.model_dump(mode="json") for row in rows], _table(rows), as_json=as_json)


def _table(rows: list[LevelCost]) -> Group:
    heads = ("level", "tasks", "make p50", "reset p50", "swaps", "1 try", f"{rows[0].tries} tries", "any swap")
    costs = table(*heads, right=heads)
    for row in rows:
        shares = (row.solved_by_one, row.solved_by_tries, row.solved_by_any)
        times = (f"{each.p50:.1f} ms" for each in (row.make, row.reset))
        costs.add_row(str(row.level), str(row.tasks), *times, str(row.swaps), *(f"{each:.0%}" for each in shares))
    return Group(costs, Text("solved by the first swaps, in random order, that pass the visible tests"))
