"""``codegym bench``: measurements of this machine, one command per subject, each in a module of its own."""

from __future__ import annotations

from typing import Any

from typer import Typer
from typer.core import TyperGroup

from codegym.cli import bench_generated, bench_grade, bench_kill, bench_train
from codegym.cli.bench_sandbox import sandbox
from codegym.errors import ConfigError, unknown


class Subjects(TyperGroup):
    """Refuses an unknown subject with the nearest match."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a subject's command. Raises :class:`ConfigError`."""
        command = super().get_command(ctx, cmd_name)
        if command is None:
            raise ConfigError(unknown("subject", cmd_name, self.list_commands(ctx)))
        return command


app = Typer(cls=Subjects, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown")
app.command(name="generated")(bench_generated.verb)
app.command(name="grade")(bench_grade.verb)
app.command(name="kill")(bench_kill.verb)
app.command(name="sandbox")(sandbox)
app.command(name="train")(bench_train.verb)


@app.callback()
def verb() -> None:
    """Measure what codegym costs on this machine, and what it survives. Every subject takes --json.

    Examples:

    - `codegym bench sandbox`
    - `codegym bench grade`
    - `codegym bench kill`
    - `codegym bench generated drill`
    - `codegym bench train --episodes 16`
    - `codegym bench grade --seconds 5 --repeats 9 --json`
    """
