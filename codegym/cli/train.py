"""``codegym train``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.board.interval import FEW_CLUSTERS, rough_note
from codegym.board.standings import UNKNOWN, percent
from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError
from codegym.suite import load_suite
from codegym.train.config import load_config
from codegym.train.folder import claim, finished

NO_ARGS_IS_HELP = True
_GAIN = "gain, in points"


def verb(
    config: Annotated[Path, Argument(help="The run's TOML file; docs/training.md explains every table.")],
    out: Annotated[Path | None, Option(help="The run's folder; default: runs/<name of the file>.")] = None,
    resume: Annotated[bool, Option("--resume", help="Continue a run that was stopped.")] = False,
    as_json: Json = False,
) -> None:
    """Train a policy: carry out the phases of a run, such as warm-up, evaluation, GRPO, evaluation.

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
    evaluations, gain = summary["evaluations"], summary["gain"] or {}
    lost = "".join(f"{name}: {note}; " for name, note in summary["lost"].items() if note)
    rough = f"{note}; " if (note := rough_note(gain.get("clusters", FEW_CLUSTERS))) else ""
    last_line = Text(f"{rough}{lost}run: {folder}", "dim")
    if not evaluations:
        return Group(Text(f"policy: {summary['policy']}"), last_line)
    heads = (*evaluations, _GAIN)
    scores = table("", *heads, right=heads)
    for name in dict.fromkeys(name for each in evaluations.values() for name in each if name.startswith("pass")):
        gained = _gain(gain[name], gain["ci95"]) if name in gain else ""
        cells = [percent(each[name]) if name in each else UNKNOWN for each in evaluations.values()]
        scores.add_row(name, *cells, gained)
    for policy, gained in summary["against"].items():
        blank = [""] * len(evaluations)
        scores.add_row(
            f"pass@1 against {policy}", *blank, _gain(gained["pass@1"], gained["ci95"]) if gained else UNKNOWN
        )
    where = f"{summary['tasks']} tasks of {summary['suite']}/{summary['split']}"
    title = Text(f"{where}, {summary['samples_per_task']} attempts each", "bold")
    return Group(title, scores, last_line)


def _gain(value: float, ends: tuple[float, float]) -> str:
    low, high = (percent(end, signed=True) for end in ends)
    return f"{percent(value, signed=True)} [{low} to {high}]"
