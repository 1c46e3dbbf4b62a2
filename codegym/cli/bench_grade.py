"""``codegym bench grade``."""

from __future__ import annotations

from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.bench.grading import Overhead, generated_suite, measure
from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError
from codegym.progress.bars import bars
from codegym.sandbox.backend import backend
from codegym.sandbox.host.lease import draft_folder
from codegym.suite import load_suite


def verb(
    suite: Annotated[str, Argument(help="A suite; default: a task made for this measurement.")] = "",
    tasks: Annotated[list[str] | None, Argument(help="The tasks to measure.")] = None,
    *,
    seconds: Annotated[float, Option(min=0.0, help="How long the tests of the made task take.")] = 2.0,
    repeats: Annotated[int, Option(min=1, help="Measurements of each; the median counts.")] = 5,
    sandbox: Annotated[str, Option(help="Where to run: bwrap, docker or docker-volume.")] = "bwrap",
    as_json: Json = False,
) -> None:
    """Measure what grading costs beyond the tests: a grade's wall time over that of the bare test command.

    One run measures in turns: the bare command in an open box, the grade of an empty patch, the grade of the gold
    patch, and the grade of another right solution, which has to prove itself. Nothing is taken from the cache.

    Examples:

    - `codegym bench grade`
    - `codegym bench grade kata tip-jar arena --repeats 3`
    """
    if suite and not tasks:
        raise ConfigError(f"name the tasks of {suite!r} to measure: codegym list tasks {suite}")
    with bars() as progress, draft_folder() as folder:
        loaded = load_suite(suite) if suite else generated_suite(folder, seconds)
        chosen = [loaded.task(name) for name in tasks or loaded.tasks]
        rows: list[Overhead] = []
        for task in chosen:
            progress("measuring", len(rows), len(chosen))
            rows.append(measure(loaded, task, backend(sandbox), repeats))
    give([row.model_dump() | {"ratio": _ratios(row)} for row in rows], _table(rows), as_json=as_json)


_KINDS = ("empty", "gold", "another")


def _ratios(row: Overhead) -> dict[str, float]:
    return {kind: round(row.over(getattr(row, kind)), 3) for kind in _KINDS}


def _table(rows: list[Overhead]) -> Group:
    costs = table("task", "on", "bare", "empty", "gold", "another", right=("bare", *_KINDS))
    for row in rows:
        cells = [f"{getattr(row, kind):.2f} s, {row.over(getattr(row, kind)):.2f}x" for kind in _KINDS]
        costs.add_row(row.task, row.backend, f"{row.bare:.2f} s", *cells)
    return Group(costs, Text("a grade over the bare command; `another` is a right solution that is not gold's"))
