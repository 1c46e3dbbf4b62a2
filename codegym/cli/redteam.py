"""``codegym redteam``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
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
from codegym.redteam.siege import Siege, besiege, targets
from codegym.sandbox.host.lease import draft_folder
from codegym.suite import load_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite to attack.")],
    tasks: Annotated[
        list[str] | None, Argument(help="The tasks to attack; default: one per framework and image.")
    ] = None,
    *,
    attack: Annotated[list[str] | None, Option(help="Only this attack; may be given several times.")] = None,
    corpus: Annotated[list[Path] | None, Option(help="A TOML file of your own attacks, instead of ours.")] = None,
    everything: Annotated[bool, Option("--all", help="Attack every task of the suite.")] = False,
    sandbox: Annotated[str, Option(help="Where to run: bwrap, docker or docker-volume.")] = "bwrap",
    workers: Annotated[int, Option(min=0, help="Attacks at once; 0: one per core.")] = 0,
    as_json: Json = False,
) -> None:
    """Attack a suite's reward: does anything earn more than doing nothing?

    Each attack is an agent that plays in the real environment, with the real grader. One gets through if it earns
    more than an agent that submits at once, or sees a line of a hidden test or of the solution. Exits with 1 if
    one does, with 3 if one could not be carried out. Test results are shared among the attacks; none is taken from
    earlier runs.

    Examples:

    - `codegym redteam kata`
    - `codegym redteam mysuite --all --sandbox docker --json`
    - `codegym redteam kata tip-jar --attack equals-everything`
    """
    loaded = load_suite(suite)
    attacks = select_attacks(load_attacks(corpus), attack or ())
    attacked = [loaded.task(name) for name in tasks] if tasks else targets(loaded, everything=everything)

    with bars() as progress, draft_folder() as folder:
        count, cache = workers or os.cpu_count() or 1, ResultCache(folder)
        make_env = partial(CodeEnv, loaded, sandbox=sandbox, cache=cache)
        siege = besiege(loaded, attacked, attacks, make_env, workers=count, progress=progress)
    give(siege.model_dump(mode="json"), _table(siege), as_json=as_json)
    raise Exit(FOUND_A_PROBLEM if siege.through else INFRASTRUCTURE if siege.infra_errors else 0)


def _table(siege: Siege) -> Group:
    rows = table("attack", "task", "outcome", "earned", "no-op", "", right=("earned", "no-op"))
    for attempt in sorted(siege.attempts, key=lambda attempt: attempt.through):  # what matters comes last
        earned = UNKNOWN if attempt.earned is None else f"{attempt.earned:.2f}"
        note = f"THROUGH {attempt.leak or attempt.detail}" if attempt.through else attempt.detail[:100]
        cells = (attempt.attack, attempt.task, attempt.outcome.value, earned, f"{attempt.noop:.2f}")
        rows.add_row(*cells, Text(note, style="bold red" if attempt.through else "dim"))
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in siege.outcomes.items())
    total = f"{siege.suite} on {siege.backend}: {siege.attacks} attacks, {len(siege.attempts)} attempts"
    through = f"{siege.through} got through, {siege.lucky} by chance and not again"
    return Group(rows, Text(f"{total} ({outcomes}); {through} ({siege.seconds:.0f} s)"))
