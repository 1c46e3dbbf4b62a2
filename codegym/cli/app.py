"""The verbs, each loaded when it is called, and what an error becomes: one line and an exit code.

Loading a verb's module loads what it needs (training loads torch), so the group knows verbs by name only.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from typer import Typer
from typer.core import TyperGroup
from typer.main import get_command

from codegym.cli.exits import INFRASTRUCTURE, MISUSED
from codegym.cli.output import problem
from codegym.errors import CodegymError, ConfigError, GradeError, PolicyError, SandboxError, unknown

VERBS = {
    "doctor": "doctor",
    "list": "listing",
    "build": "build",
    "certify": "certify",
    "play": "play",
    "run": "run",
    "eval": "evaluate",
    "train": "train",
    "board": "board",
    "show": "show",
    "sandbox": "sandbox",
}
"""Verb -> module in this package."""


class Verbs(TyperGroup):
    """Loads a verb's module when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """Return the verbs in the order in which one meets them."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """Return one verb. Raises :class:`ConfigError` with the nearest match."""
        if cmd_name not in VERBS:
            raise ConfigError(unknown("verb", cmd_name, VERBS))
        module = import_module(f"codegym.cli.{VERBS[cmd_name]}")
        single = Typer(add_completion=False, rich_markup_mode="markdown")
        single.command(name=cmd_name, no_args_is_help=getattr(module, "NO_ARGS_IS_HELP", False))(module.verb)
        return get_command(single)


_typer = Typer(cls=Verbs, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown")


@_typer.callback()
def _codegym() -> None:
    """An RL gym for coding agents: register environments, train agents on them, rank them.

    Every verb explains itself: `codegym run --help`. Every verb takes --json.
    Exit codes: 0 fine, 1 a check found a problem, 2 misuse, 3 infrastructure failed, 130 interrupted.
    """


def app() -> None:
    """Run the command line in ``sys.argv`` and exit with its code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command line and return its exit code; an error that a user can act on is one line on stderr."""
    try:
        get_command(_typer).main(arguments, prog_name="codegym")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except CodegymError as error:
        problem(str(error))
        return INFRASTRUCTURE if isinstance(error, SandboxError | GradeError | PolicyError) else MISUSED
    except OSError as error:
        problem(str(error))
        return INFRASTRUCTURE
    return 0
