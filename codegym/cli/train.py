"""``codegym train``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.board.standings import UNKNOWN, percent
from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError
from codegym.suite import load_suite
from codegym.train.config import load_config
from codegym.train.folder import claim, finished

NO_ARGS_IS_HELP = True
_HEADS = ("before", "after", "gain, in points")


def verb(
    config: Annotated[Path, Argument(help="The run's TOML file; docs/training.md explains every table.")],
    out: Annotated[Path | None, Option(help="The run's folder; default: runs/<name of the file>.")] = None,
    resume: Annotated[bool, Option("--resume", help="Continue a run that was stopped.")] = False,
    as_json: Json = False,
) -> None:
    """Train a policy: warm up, evaluate, GRPO, evaluate again.

    Everything that a run makes is in its folder; stop it with Ctrl-C and continue it with --resume.

    Example: `codegym train examples/demo.toml --out runs/mine`
    """
    settings, folder = load_config(config), out or Path("runs") / config.stem
    claim(config, folder, resume=resume)
    summary = finished(folder, load_suite(settings.env.suite)) or _train(config, folder, resume=resume)
    give(summary, _table(summary, folder), as_json=as_json)


def _train(config: Path, folder: Path, *, resume: bool) -> dict[str, Any]:
    try:
        trainer = import_module("codegym.train.run")
    except ImportError as error:
        raise ConfigError(f"training needs the train extra: pip install 'codegym[train]' ({error})") from error
    summary: dict[str, Any] = trainer.train(config, folder, resume=resume)
    return summary


def _table(summary: dict[str, Any], folder: Path) -> Group:
    before, after, gain = summary["before"], summary["after"], summary["gain"] or {}
    where = f"{summary['tasks']} tasks of {summary['suite']}/{summary['split']}"
    rates = table("", *_HEADS, right=_HEADS)
    for name in (name for name in before | after if name.startswith("pass")):
        gained = [_gain(gain[name], gain["ci95"])] if name in gain else []
        rates.add_row(
            name, *(percent(side[name]) if name in side else UNKNOWN for side in (before, after)), *gained
        )
    lost = "".join(f"{side}: {note}; " for side, note in summary.get("lost", {}).items() if note)
    title = Text(f"{where}, {summary['samples_per_task']} attempts each", "bold")
    return Group(title, rates, Text(f"{lost}run: {folder}", "dim"))


def _gain(value: float, ends: tuple[float, float]) -> str:
    low, high = (percent(end, signed=True) for end in ends)
    return f"{percent(value, signed=True)} [{low} to {high}]"
