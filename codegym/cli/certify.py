"""``codegym certify``."""

from __future__ import annotations

import os
from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Exit, Option

from codegym.cli.exits import FOUND_A_PROBLEM, INFRASTRUCTURE
from codegym.cli.output import Json, give, table
from codegym.evaluate.attempts import chosen_tasks
from codegym.foundry.certify.certify import certify
from codegym.foundry.certify.store import Certificate, keep_certificates
from codegym.progress.bars import bars
from codegym.suite import claimed_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite to certify.")],
    tasks: Annotated[list[str] | None, Argument(help="Only these tasks.")] = None,
    *,
    split: Annotated[str | None, Option(help="Only the tasks of this split.")] = None,
    sample: Annotated[int, Option(min=0, help="Only so many of them, spread evenly; 0: all.")] = 0,
    sandbox: Annotated[
        str, Option("--sandbox", "--backend", help="Where to run: bwrap, docker or docker-volume.")
    ] = "bwrap",
    repeats: Annotated[int, Option(min=1, help="Runs of each state of a task (untouched, bug, gold, empty).")] = 3,
    workers: Annotated[int, Option(min=0, help="Tasks at once; 0: one per core.")] = 0,
    store: Annotated[bool, Option(help="Write the certificates beside the suite.")] = True,
    as_json: Json = False,
) -> None:
    """Execute what the tasks claim: the gold patch resolves each, an empty one none, and always the same.

    Both patches are graded. Further runs, of the untouched source, the bug, the gold and the empty patch, shuffle
    the tests and vary the date, the hash seed and the load. A test whose runs do not agree is quarantined by name;
    a task without a stable fail-to-pass test is refused. Nothing is taken from the cache. `codegym list` shows
    what is certified; a suite is played without refused tasks and quarantined tests. If it is stopped, the same
    command continues.

    Exits with 1 if a task is not as it should be, with 3 if failures of the machine were the only reason.

    Examples:

    - `codegym certify kata`
    - `codegym certify pyrepair --split test --workers 8`
    - `codegym certify kata tip-jar --repeats 10 --no-store`
    - `codegym certify drill --sample 60`
    """
    loaded = claimed_suite(suite)
    chosen = [loaded.task(name) for name in tasks or chosen_tasks(loaded, split, sample)]
    with bars() as progress:
        count = workers or os.cpu_count() or 1
        certificate = certify(loaded, sandbox, progress, count, repeats=repeats, tasks=chosen)
    if store:
        keep_certificates(loaded, certificate.results)
    give(certificate.model_dump(mode="json") | {"holds": certificate.holds}, _table(certificate), as_json=as_json)
    raise Exit(_code(certificate))


def _code(certificate: Certificate) -> int:
    odd = [result for result in certificate.results if result.why]
    if not odd:
        return 0
    return FOUND_A_PROBLEM if any(result.settled for result in odd) else INFRASTRUCTURE


def _table(certificate: Certificate) -> Group:
    problems = table("task", "gold", "empty", "why")
    for result in certificate.results:
        if result.why:
            problems.add_row(result.task, result.gold, result.empty, Text(result.why))
    resumed = f", {certificate.resumed} of them before a stop" if certificate.resumed else ""
    total = (
        f"{certificate.suite} on {certificate.backend}: {certificate.tasks} tasks, "
        f"gold resolves {certificate.gold_resolved}, an empty patch {certificate.empty_resolved}, "
        f"{certificate.flaky} flaky, {certificate.infra_errors} not graded "
        f"({certificate.seconds:.0f} s, each state {certificate.repeats} times{resumed})"
    )
    return Group(problems, Text(total)) if problems.row_count else Group(Text(total))
