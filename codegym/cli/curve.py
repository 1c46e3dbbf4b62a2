"""``codegym curve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from codegym.board.standings import UNKNOWN, percent
from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError
from codegym.train.config import load_config
from codegym.train.curve import Point, curve
from codegym.train.folder import phase_folders

NO_ARGS_IS_HELP = True


def verb(
    run: Annotated[Path, Argument(help="The folder of a run, finished or not.")],
    phase: Annotated[str, Option(help="A phase's name; default: the run's last one with GRPO.")] = "",
    points: Annotated[int, Option(min=1, help="The most rows: steps are put together.")] = 10,
    as_json: Json = False,
) -> None:
    """Show a training phase over its steps: what was solved, how, and whether groups still teach.

    Example: `codegym curve runs/demo`
    """
    config = load_config(run / "config.toml")
    trained = [each.name for each in config.phase if each.algorithm == "grpo"]
    if not trained or (phase and phase not in trained):
        raise ConfigError(f"{run} has no phase {phase!r} with GRPO" if phase else f"{run} has no phase with GRPO")
    folders = phase_folders(run, [each.name for each in config.phase])
    rows = curve(folders[phase or trained[-1]], points)
    heads = ["steps", "episodes", "pass@1", f"pass@{rows[0].k}", "groups that teach", "patches in a group"]
    heads += ["malformed", "turns", "tests", "entropy"]
    rows_table = table(*heads, right=tuple(heads[1:]))
    for row in rows:
        rows_table.add_row(*_cells(row))
    give([row.model_dump() for row in rows], rows_table, as_json=as_json)


def _cells(row: Point) -> tuple[str, ...]:
    steps = str(row.first) if row.first == row.last else f"{row.first} to {row.last}"
    shares = map(percent, (row.pass_1, row.pass_k, row.teaching))
    entropy = UNKNOWN if row.entropy is None else f"{row.entropy:.3f}"
    means = (f"{row.patches:.1f}", f"{percent(row.malformed)}", f"{row.turns:.1f}", f"{row.tests:.1f}")
    return (steps, str(row.episodes), *shares, *means, entropy)
