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
"""Columns of output to a file or a pipe, where broken lines would be in the way."""


def human(*, as_json: bool = False) -> Console:
    """Return the console for people: stdout, or stderr with JSON; wide if it is no terminal."""
    console = Console(stderr=as_json, highlight=False)
    return console if console.is_terminal else Console(stderr=as_json, highlight=False, width=_WIDE)


def notice(text: str) -> None:
    """Print on stderr what is not the result."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, style="dim", markup=False)


def problem(text: str) -> None:
    """Print an error on stderr, in one line."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("error:", style="bold red", end=" ")
    console.print(" ".join(printable(text).split()), markup=False)


def give(value: Any, text: RenderableType, *, as_json: bool) -> None:
    """Print a verb's result: ``value`` as JSON, or ``text`` for people."""
    if as_json:
        line = json.dumps(value, indent=2, ensure_ascii=False)
        sys.stdout.write(line.encode(errors="backslashreplace").decode() + "\n")
        sys.stdout.flush()
    else:
        human().print(text)


def table(*heads: str, title: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table in the style of all verbs; ``right`` names the columns of numbers."""
    result = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for head in heads:
        result.add_column(head, justify="right" if head in right else "left", header_style="dim")
    return result
