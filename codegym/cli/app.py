"""The verbs, each loaded when it is called. An error becomes one line and an exit code.

Loading a verb's module loads what it needs (training loads torch), so verbs are listed without loading them.
"""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

from typer import Exit, Option, Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from codegym import __version__
from codegym.cli.exits import INFRASTRUCTURE, MISUSED
from codegym.cli.output import problem
from codegym.errors import CodegymError, ConfigError, GradeError, PolicyError, SandboxError, unknown
from codegym.syntax import parse_module

VERBS = {
    "doctor": "doctor",
    "list": "listing",
    "new": "new",
    "build": "build",
    "import": "importing",
    "export": "exporting",
    "forge": "forge",
    "certify": "certify",
    "difficulty": "difficulty",
    "inspect": "inspecting",
    "grade": "grading",
    "redteam": "redteam",
    "play": "play",
    "run": "run",
    "eval": "evaluate",
    "train": "train",
    "curve": "curve",
    "board": "board",
    "compare": "compare",
    "show": "show",
    "sandbox": "sandbox",
    "bench": "bench",
}
"""Maps each verb to its module in this package."""


class Verbs(TyperGroup):
    """Loads a verb's module when it is called; to list them it reads the modules' text."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """Return the verbs, in the order of their first use."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """Return a verb for the list of verbs. Raises :class:`ConfigError` with the nearest match."""
        if cmd_name not in VERBS:
            raise ConfigError(unknown("verb", cmd_name, VERBS))
        return TyperCommand(cmd_name, help=_docstring(cmd_name))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Load the verb that is called."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, _load(str(name)), rest


def _load(verb: str) -> Any:
    module = import_module(f"codegym.cli.{VERBS[verb]}")
    if hasattr(module, "app"):
        return get_command(module.app)
    single = Typer(add_completion=False, rich_markup_mode="markdown")
    single.command(name=verb, no_args_is_help=getattr(module, "NO_ARGS_IS_HELP", False))(module.verb)
    return get_command(single)


def _docstring(verb: str) -> str | None:
    tree = parse_module(Path(__file__).with_name(f"{VERBS[verb]}.py").read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return ast.get_docstring(functions["verb"])


_typer = Typer(cls=Verbs, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown")


def _print_version(is_requested: bool) -> None:
    if is_requested:
        print(f"codegym {__version__}")
        raise Exit


@_typer.callback()
def _codegym(
    _: Annotated[bool, Option("--version", help="Print it.", callback=_print_version, is_eager=True)] = False,
) -> None:
    """An RL gym for coding agents: register environments, train agents on them, rank them.

    Every verb explains itself: `codegym run --help`. Every verb takes --json.
    Exit codes: 0 success, 1 a check found a problem, 2 misuse, 3 the machine failed, 130 interrupted.
    """


def app() -> None:
    """Run the command line in ``sys.argv`` and exit with its code.

    A character that a stream can't encode is written as its escape, so that no model's answer ends a command.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command line and return its exit code. An error of codegym is printed in one line on stderr."""
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
