"""``codegym bench sandbox``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from rich.table import Table
from rich.text import Text
from typer import Exit, Option

from codegym.bench.contenders import OURS
from codegym.bench.machine import Machine, this_machine
from codegym.bench.orphan import Orphans
from codegym.bench.sandbox import Effort, Result, measure
from codegym.bench.timing import Timing
from codegym.bench.workspace import repository
from codegym.catalog import cache_dir
from codegym.cli.output import Json, give, notice, table

_QUICK = Effort(times=20, slow=3, boxes=4, rounds=2, crowd=8)


def sandbox(
    only: Annotated[str, Option(help="Our backends, separated by commas: bwrap, docker.")] = ",".join(OURS),
    beside: Annotated[
        str, Option("--with", help="Peers, separated by commas: host, docker-py, mini-swe-agent, swe-rex.")
    ] = "",
    files: Annotated[int, Option(help="Files in the repository.", min=1)] = 100,
    quick: Annotated[bool, Option("--quick", help="Fewer measurements: to try it out, not to quote.")] = False,
    as_json: Json = False,
) -> None:
    """Measure what sandboxes cost here: a fresh workspace, a command, forks, memory, what a kill leaves behind.

    Times are medians and 95th percentiles in milliseconds. The machine should be otherwise idle: the table gives
    the load at the start. Peers are measured in the same run if they are installed. Exits with 3 if one of our own
    backends could not be measured.

    Examples:

    - `codegym bench sandbox`
    - `codegym bench sandbox --with host,docker-py,mini-swe-agent --json`
    - `codegym bench sandbox --only bwrap --files 1500`
    """
    machine = this_machine()
    tree = repository(files, cache_dir() / "bench")
    names = [name.strip() for name in f"{only},{beside}".split(",") if name.strip()]
    results = [measure(name, tree, _QUICK if quick else Effort(), notice) for name in names]
    value = {"machine": asdict(machine), "files": files, "subjects": [asdict(result) for result in results]}
    give(value, _table(machine, files, results), as_json=as_json)
    raise Exit(3 if any(result.trouble for result in results if result.name in OURS) else 0)


def _table(machine: Machine, files: int, results: list[Result]) -> Table:
    times = table("", *(result.name for result in results), right=tuple(result.name for result in results))
    for row in dict.fromkeys(row for result in results for row in result.rows):
        times.add_row(row, *(_cell(result.rows.get(row)) for result in results))
    notes = [f"{result.name}: {note}" for result in results for note in (result.note, result.trouble) if note]
    times.caption = "\n".join(
        [
            f"median (95th percentile), ms; {machine.cpu}, {machine.cores} cores, {machine.memory_gb} GB, "
            f"Linux {machine.kernel}, load {machine.load}; a repository of {files} files",
            *notes,
        ]
    )
    times.caption_justify = "left"
    return times


def _cell(value: Any) -> Text:
    if isinstance(value, Timing):
        return Text(f"{value.p50:.3g} ({value.p95:.3g})")
    if isinstance(value, Orphans):
        return Text(f"{_left(value.after_kill)}; next start: {_left(value.after_next_start)}")
    return Text("" if value is None else f"{value:g}")


def _left(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
