"""``codegym redteam``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Exit, Option

from codegym.board.standings import UNKNOWN
from codegym.cli.exits import FOUND_A_PROBLEM, INFRASTRUCTURE
from codegym.cli.output import Json, give, table
from codegym.env import CodeEnv
from codegym.harness.cache import ResultCache
from codegym.progress.bars import bars
from codegym.redteam.attack import load_attacks, select_attacks
from codegym.redteam.siege import Siege, besiege
from codegym.suite import Suite, load_suite
from codegym.task import Task

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite to attack.")],
    tasks: Annotated[list[str] | None, Argument(help="Default: one of each framework and image.")] = None,
    *,
    attack: Annotated[list[str] | None, Option(help="Only this attack; may be given several times.")] = None,
    corpus: Annotated[list[Path] | None, Option(help="Attacks of your own, a TOML file; instead of ours.")] = None,
    everything: Annotated[bool, Option("--all", help="Attack every task of the suite.")] = False,
    sandbox: Annotated[str, Option(help="Where to run: bwrap or docker.")] = "bwrap",
    workers: Annotated[int, Option(min=0, help="Attacks side by side; 0: one a core.")] = 0,
    as_json: Json = False,
) -> None:
    """Attack a suite's reward: does anything earn more than doing nothing?

    Each attack is an agent that plays through the real environment and the real grader. One gets through if it
    earns more than an agent that submits at once, or is shown a line of a hidden test or of the solution.
    Exits with 1 if one does, with 3 if one could not be carried out. Results are shared within the siege, and
    none is taken from earlier runs.

    Examples:

    - `codegym redteam kata`
    - `codegym redteam mysuite --all --sandbox docker --json`
    - `codegym redteam kata tip-jar --attack equals-everything`
    """
    loaded = load_suite(suite)
    attacks = select_attacks(load_attacks(corpus), attack or ())
    targets = [loaded.task(name) for name in tasks] if tasks else _targets(loaded, everything=everything)

    with bars() as progress, TemporaryDirectory(prefix="codegym-") as folder:
        count, cache = workers or os.cpu_count() or 1, ResultCache(Path(folder))

        make_env = partial(CodeEnv, loaded, sandbox=sandbox, cache=cache)
        found = besiege(loaded, targets, attacks, make_env, workers=count, progress=progress)
    give(found.model_dump(mode="json"), _shown(found), as_json=as_json)
    raise Exit(FOUND_A_PROBLEM if found.through else INFRASTRUCTURE if found.infra_errors else 0)


def _targets(suite: Suite, *, everything: bool) -> list[Task]:
    if everything:
        return list(suite.tasks.values())
    first: dict[tuple[str, str], Task] = {}
    for task in suite.tasks.values():
        first.setdefault((task.tests.framework, task.image), task)
    return list(first.values())


def _shown(found: Siege) -> Group:
    shown = table("attack", "task", "outcome", "earned", "no-op", "", right=("earned", "no-op"))
    for attempt in found.attempts:
        earned = UNKNOWN if attempt.earned is None else f"{attempt.earned:.2f}"
        note = f"THROUGH {attempt.leak or attempt.detail}" if attempt.through else attempt.detail[:100]
        row = (attempt.attack, attempt.task, attempt.outcome.value, earned, f"{attempt.noop:.2f}")
        shown.add_row(*row, Text(note, style="bold red" if attempt.through else "dim"))
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in found.outcomes.items())
    total = f"{found.suite} on {found.backend}: {found.attacks} attacks, {len(found.attempts)} attempts"
    through = f"{found.through} got through, {found.lucky} by chance and not again"
    return Group(shown, Text(f"{total} ({outcomes}); {through} ({found.seconds:.0f} s)"))
