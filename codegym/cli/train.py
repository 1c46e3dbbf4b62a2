"""``codegym train``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from codegym.cli.output import Json, give
from codegym.errors import ConfigError

NO_ARGS_IS_HELP = True


def verb(
    config: Annotated[Path, Argument(help="The run's TOML file; docs/training.md explains every table.")],
    out: Annotated[Path | None, Option(help="The run's folder; default: runs/<name of the file>.")] = None,
    resume: Annotated[bool, Option("--resume", help="Go on with a run that was stopped.")] = False,
    as_json: Json = False,
) -> None:
    """Train a policy: warm up, evaluate, GRPO, evaluate again.

    Everything that a run makes is in its folder; stop it with Ctrl-C and go on with --resume.

    Example: `codegym train examples/demo.toml --out runs/mine`
    """
    folder = out or Path("runs") / config.stem
    try:
        trainer = import_module("codegym.train.run")
    except ImportError as error:
        raise ConfigError(f"training needs the train extra: pip install 'codegym[train]' ({error})") from error
    summary: dict[str, Any] = trainer.train(config, folder, resume=resume)
    give(summary, _shown(summary, folder), as_json=as_json)


def _shown(summary: dict[str, Any], folder: Path) -> str:
    before, after, gain = summary["before"], summary["after"], summary["gain"]
    low, high = (100 * end for end in gain["ci95"])
    scores = [name for name in before if name.startswith("pass@")]
    lines = [f"{name}: {100 * before[name]:.1f} % before, {100 * after[name]:.1f} % after" for name in scores]
    lines.append(f"gain in pass@1: {100 * gain['pass@1']:+.1f} points (95 %: {low:+.1f} to {high:+.1f})")
    tasks = f"{summary['tasks']} tasks of {summary['suite']}/{summary['split']}"
    return "\n".join([*lines, f"{tasks}, {summary['samples_per_task']} attempts each", f"run: {folder}"])
