"""``codegym certify``."""

from __future__ import annotations

import os
from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Exit, Option

from codegym.cli.exits import FOUND_A_PROBLEM, INFRASTRUCTURE
from codegym.cli.output import Json, give, table
from codegym.foundry.certify.certify import certify
from codegym.foundry.certify.store import Certificate, keep_certificates
from codegym.progress.bars import bars
from codegym.suite import claimed_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite to look at.")],
    tasks: Annotated[list[str] | None, Argument(help="Only these tasks.")] = None,
    *,
    split: Annotated[str | None, Option(help="Only the tasks of this split.")] = None,
    sandbox: Annotated[str, Option("--sandbox", "--backend", help="Where to run: bwrap or docker.")] = "bwrap",
    repeats: Annotated[int, Option(min=1, help="Runs of every state of a task.")] = 3,
    workers: Annotated[int, Option(min=0, help="Tasks side by side; 0: one a core.")] = 0,
    store: Annotated[bool, Option(help="Keep the certificates beside the suite.")] = True,
    as_json: Json = False,
) -> None:
    """Execute what the tasks claim: the gold patch resolves each, an empty one none, and always the same.

    The grader gives its word on both patches; further runs of the untouched source, the bug, the gold and the
    empty patch shuffle the tests, and vary the date, the hash seed and the load. A test whose runs do not agree
    is quarantined by name, a task without a stable fail-to-pass test is refused. Nothing is taken from the cache.
    `codegym list` shows what is certified; a suite is played without refused tasks and quarantined tests. When
    it is stopped, the same command goes on where it was.

    Exits with 1 if a task is not as it should be, with 3 if the machine's trouble was the only reason.

    Examples:

    - `codegym certify kata`
    - `codegym certify pyrepair --split test --workers 8`
    - `codegym certify kata tip-jar --repeats 10 --no-store`
    """
    loaded = claimed_suite(suite)
    chosen = [loaded.task(name) for name in tasks] if tasks else loaded.split(split)
    with bars() as progress:
        count = workers or os.cpu_count() or 1
        found = certify(loaded, sandbox, progress, count, repeats=repeats, tasks=chosen)
    if store:
        keep_certificates(loaded, found.results)
    give(found.model_dump(mode="json") | {"holds": found.holds}, _shown(found), as_json=as_json)
    raise Exit(_code(found))


def _code(found: Certificate) -> int:
    odd = [result for result in found.results if result.why]
    if not odd:
        return 0
    return FOUND_A_PROBLEM if any(result.settled for result in odd) else INFRASTRUCTURE


def _shown(found: Certificate) -> Group:
    shown = table("task", "gold", "empty", "why")
    for result in found.results:
        if result.why:
            shown.add_row(result.task, result.gold, result.empty, Text(result.why))
    resumed = f", {found.resumed} of them before it was stopped" if found.resumed else ""
    total = (
        f"{found.suite} on {found.backend}: {found.tasks} tasks, gold resolves {found.gold_resolved}, "
        f"an empty patch {found.empty_resolved}, {found.flaky} flaky, {found.infra_errors} not graded "
        f"({found.seconds:.0f} s, each state {found.repeats} times{resumed})"
    )
    return Group(shown, Text(total)) if shown.row_count else Group(Text(total))
