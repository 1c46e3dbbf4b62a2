"""``codegym doctor``."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table
from rich.text import Text
from typer import Exit

from codegym.cli.output import Json, give, table
from codegym.sandbox.doctor import HealthCheck, can_play, checks


def verb(as_json: Json = False) -> None:
    """Check what works on this machine, and how to repair the rest.

    Exits with 1 if no sandbox can run here: neither the embedded one nor Docker.

    Example: `codegym doctor`
    """
    results = checks()
    ready = can_play(results)
    value = {"ready": ready, "checks": [asdict(check) for check in results]}
    give(value, _table(results, ready=ready), as_json=as_json)
    raise Exit(0 if ready else 1)


def _table(results: list[HealthCheck], *, ready: bool) -> Table:
    rows = table("", "check", "result", "what to do")
    for check in results:
        mark = Text("ok", style="green") if check.ok else Text("no", style="bold red")
        rows.add_row(mark, check.name, Text(check.detail), Text("" if check.ok else check.remedy))
    rows.caption = "Ready: episodes can run here." if ready else "Not ready: no sandbox can run here."
    rows.caption_justify = "left"
    return rows
