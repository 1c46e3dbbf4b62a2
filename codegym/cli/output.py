"""Where output goes: results to stdout, everything else to stderr; with ``--json`` stdout is one JSON value."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

from rich.console import Console, RenderableType
from rich.table import Table
from typer import Option

from codegym.tool.cut import printable

Json = Annotated[bool, Option("--json", help="Print one JSON value on stdout, and nothing else there.")]

_WIDE = 140
"""Columns of output that goes to a file or a pipe, where a broken line would be in the way."""


def human(*, as_json: bool = False) -> Console:
    """Return the console for people: stdout, or stderr where stdout belongs to JSON; wide if it is no terminal."""
    console = Console(stderr=as_json, highlight=False)
    return console if console.is_terminal else Console(stderr=as_json, highlight=False, width=_WIDE)


def notice(text: str) -> None:
    """Tell a person something that is not the result, on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, style="dim", markup=False)


def problem(text: str) -> None:
    """Say on stderr, in one line, what went wrong."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("error:", style="bold red", end=" ")
    console.print(" ".join(printable(text).split()), markup=False)


def give(value: Any, shown: RenderableType, *, as_json: bool) -> None:
    """Print a verb's result: ``value`` as JSON or ``shown`` for people."""
    if as_json:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        sys.stdout.write(text.encode(errors="backslashreplace").decode() + "\n")
        sys.stdout.flush()
    else:
        human().print(shown)


def table(*heads: str, title: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table in the house's look; ``right`` names the columns of numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for head in heads:
        made.add_column(head, justify="right" if head in right else "left", header_style="dim")
    return made
