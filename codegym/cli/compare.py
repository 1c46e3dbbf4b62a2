"""``codegym compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rich.text import Text
from typer import Argument

from codegym.board.compare import PairedGains, compare, find_entry
from codegym.board.interval import rough_note
from codegym.board.standings import interval, percent
from codegym.cli.output import Json, give

NO_ARGS_IS_HELP = True


def verb(
    before: Annotated[Path, Argument(help="An entry of a board or a run, or a folder with one.")],
    after: Annotated[Path, Argument(help="The other one.")],
    as_json: Json = False,
) -> None:
    """Give the paired gain from one finished evaluation to another, on the tasks that both have.

    Both have to be of the same version of the same suite. Nothing is played.

    Example: `codegym compare runs/first/entries/mine.json runs/second`
    """
    paired = compare(find_entry(before), find_entry(after))
    give(gain_fields(paired), Text(gain_line(paired)), as_json=as_json)


def gain_fields(paired: PairedGains) -> dict[str, Any]:
    """Return paired gains as JSON values; gains and their intervals are fractions."""
    gains = {
        name: {"value": one.value, "ci95": list(one.ci95), "tasks": one.tasks, "clusters": one.clusters}
        for name, one in paired.gains.items()
    }
    before, after = paired.before, paired.after
    return {
        "before": before.policy,
        "after": after.policy,
        "suite": after.suite,
        "suite_digest": after.suite_digest,
        "gains": gains,
    }


def gain_line(paired: PairedGains) -> str:
    """Return a line with the gain in pass@k for the smallest k."""
    name, gain = min(paired.gains.items(), key=lambda item: int(item[0][5:]))
    rough = f"; {note}" if (note := rough_note(gain.clusters)) else ""
    return (
        f"{name} against {paired.before.policy}: {percent(gain.value, signed=True)} points "
        f"({interval(gain, signed=True)}), paired on {gain.tasks} tasks in {gain.clusters} clusters{rough}"
    )
