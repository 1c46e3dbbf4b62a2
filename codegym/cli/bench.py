"""``codegym bench``: the measurements, a command each."""

from __future__ import annotations

from typer import Typer

from codegym.cli.bench_sandbox import sandbox

app = Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="markdown")


@app.callback()
def verb() -> None:
    """Measure this machine and this installation, so that a number can be checked where it matters.

    Example: `codegym bench sandbox`
    """


app.command(name="sandbox")(sandbox)
