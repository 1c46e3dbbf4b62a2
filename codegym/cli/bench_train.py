"""``codegym bench train``."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

from rich.console import Group
from rich.text import Text
from typer import Option

from codegym.bench.training.cost import STAGES, Setup, StepCost
from codegym.bench.training.waiting import SPLIT, waiting_suite
from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError
from codegym.progress.bars import bars
from codegym.sandbox.host.lease import draft_folder
from codegym.suite import load_suite


def verb(
    *,
    episodes: Annotated[str, Option(help="Numbers of episodes per step, with commas.")] = "16,64,256",
    repeats: Annotated[int, Option(min=1, help="Steps that are measured; the median counts.")] = 3,
    suite: Annotated[str, Option(help="The suite.")] = "drill",
    split: Annotated[str, Option(help="Its split.")] = "train-d1",
    waiting: Annotated[
        float, Option(min=0.0, help="Seconds that tests wait, in a suite made for it; 0: none.")
    ] = 0.0,
    model: Annotated[str, Option(help="The model, a folder.")] = "examples/base",
    turns: Annotated[int, Option(min=3, help="Turns of every episode.")] = 4,
    group: Annotated[int, Option(min=2, help="Attempts at each task.")] = 8,
    workers: Annotated[int, Option(min=1, help="Episodes that codegym plays at once.")] = 16,
    threads: Annotated[int, Option(min=1, help="CPU threads of torch, on both sides.")] = 1,
    cached: Annotated[bool, Option("--cached", help="Take results of tests from the cache.")] = False,
    trl: Annotated[bool, Option(help="Measure TRL's environment_factory as well.")] = True,
    sandbox: Annotated[str, Option(help="Where to run: bwrap, docker or docker-volume.")] = "bwrap",
    as_json: Json = False,
) -> None:
    """Measure a step of GRPO by stage, beside plain TRL with `environment_factory` over the same env.

    Both sides train the same model on the same tasks, with the same number of turns. What the model answers is
    given, so that both play the same episodes; it computes and samples every token all the same. Nothing is taken
    from the cache, except with --cached.

    Examples:

    - `codegym bench train --episodes 16`
    - `codegym bench train --episodes 16,64 --waiting 1`
    - `codegym bench train --episodes 64 --cached --no-trl --json`
    """
    counts = _counts(episodes)
    setup = Setup(model, SPLIT if waiting else split, turns, group, workers, threads, repeats, cached, sandbox)
    with bars() as progress, draft_folder() as folder:
        loaded = waiting_suite(folder / "suite", max(counts) // group, waiting) if waiting else load_suite(suite)
        costs = list(
            _measuring().measure(loaded, setup, counts, folder / "runs", beside_trl=trl, progress=progress)
        )
    give([cost.model_dump() | {"ratio": cost.ratio} for cost in costs], _tables(costs), as_json=as_json)


def _counts(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise ConfigError(f"--episodes {text}: numbers with commas are needed, such as 16,64")
    return counts


def _measuring() -> Any:
    try:
        return import_module("codegym.bench.training.measure")
    except ImportError as error:
        raise ConfigError(f"training needs the train extra: pip install 'codegym[train]' ({error})") from error


def _tables(costs: list[StepCost]) -> Group:
    note = Text(
        "wait: for a turn with the model, or for the last episodes. TRL's: its calls one after the other", "dim"
    )
    return Group(*(part for cost in costs for part in (_table(cost), Text(""))), note)


def _table(cost: StepCost) -> Any:
    heads = ("codegym", "share", "TRL", "ratio")
    stages = table("", *heads, title=f"a step of {cost.episodes} episodes", right=heads)
    for stage in STAGES:
        seconds = cost.stages[stage]
        plain = (cost.plain_stages or {}).get(stage)
        stages.add_row(stage, f"{seconds:.2f} s", f"{seconds / cost.seconds:.0%}", _seconds(plain), "")
    ratio = "" if cost.ratio is None else f"{cost.ratio:.2f}"
    stages.add_row("step", f"{cost.seconds:.2f} s", "", _seconds(cost.plain), ratio, style="bold")
    return stages


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"
