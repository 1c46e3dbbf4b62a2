"""``codegym forge``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError, unknown
from codegym.foundry.forge.forge import OPERATORS, Forged, Wishes, forge
from codegym.foundry.repository.origin import origin, suite_name
from codegym.foundry.repository.project import project
from codegym.progress.bars import bars

NO_ARGS_IS_HELP = True


def verb(
    source: Annotated[str, Argument(help="A folder, an sdist (.tar.gz) or a git URL.")],
    *,
    test_command: Annotated[str, Option(help="What runs the tests; default: pytest or npm.")] = "",
    junit: Annotated[str, Option(help="The JUnit report that the test command writes.")] = "",
    image: Annotated[str, Option(help="An image to use unchanged; default: one made for the project.")] = "",
    more: Annotated[list[str] | None, Option("--with", help="Another Python package that it needs.")] = None,
    name: Annotated[str, Option(help="The suite's name; default: the package's.")] = "",
    out: Annotated[Path | None, Option(help="The suite's folder; default: with your other suites.")] = None,
    operators: Annotated[str, Option(help="Which operators, separated by commas.")] = ",".join(OPERATORS),
    tasks: Annotated[int, Option(min=1, help="The most tasks per operator.")] = 40,
    seconds: Annotated[float, Option(min=0, help="Most seconds to survey, and to try; 0: no limit.")] = 0.0,
    split: Annotated[str, Option(help="The split of all tasks.")] = "train",
    repeats: Annotated[int, Option(min=1, help="Runs of every state of a task.")] = 3,
    sandbox: Annotated[str, Option("--sandbox", "--backend", help="Where to run: bwrap or docker.")] = "bwrap",
    workers: Annotated[int, Option(min=0, help="Boxes at once; 0: one per core.")] = 0,
    replace: Annotated[bool, Option(help="Replace the earlier suite, as its next version.")] = False,
    as_json: Json = False,
) -> None:
    """Make a suite of certified tasks from any repository that has tests.

    Finds the tests, measures what each reaches (Python), and makes tasks by mutation (a slip in one place, or
    combined in one file), removal (a function's body is taken out), history (a commit that changes source and
    tests, at its parent) and chains of these. Each is executed and certified; what is not sound is left out.
    The suite is found by its name at once, by every verb and by gymnasium.make.

    Tests are run by pytest, by node --test, or by any command that prints TAP or writes a JUnit report. They
    have to pass in a box without network. The declared requirements of a Python project and its tests are added to
    the image, pinned. Test files that take too long or break off are left out. Trials are recorded: a forge that
    was stopped continues when it is started again.

    Examples:

    - `codegym forge ~/code/acme`
    - `codegym forge toolz-1.0.0.tar.gz --tasks 10`
    - `codegym forge https://example.org/ring.git --test-command "make -s test" --operators removal,history`
    - `codegym forge . --test-command "ctest --output-junit /tmp/r.xml" --junit /tmp/r.xml --image cc`
    """
    wanted = tuple(part.strip() for part in operators.split(",") if part.strip())
    for one in wanted:
        if one not in OPERATORS:
            raise ConfigError(unknown("operator", one, OPERATORS))
    with tempfile.TemporaryDirectory(prefix="codegym-forge-") as scratch, bars() as progress:
        repository = origin(source, Path(scratch))
        wishes = Wishes(
            name or suite_name(repository.name), out, wanted, tasks, split, sandbox,
            workers or os.cpu_count() or 1, repeats, seconds, replace, declared=not image, more=tuple(more or ()),
        )  # fmt: skip
        forged = forge(project(repository, test_command, junit=junit, image=image), wishes, progress)
    give(forged.model_dump(mode="json"), _table(forged), as_json=as_json)


def _table(forged: Forged) -> Group:
    yields = table("operator", "tried", "made", "certified", "yield", "seconds", "refused", right=_NUMBERS)
    for operator, outcome in forged.operators.items():
        refused = ", ".join(f"{why} {count}" for why, count in sorted(outcome.refused.items()))
        share = f"{100 * outcome.certified / outcome.tried:.0f} %" if outcome.tried else "-"
        counts = (str(outcome.tried), str(outcome.made), str(outcome.certified), share)
        yields.add_row(operator, *counts, f"{outcome.seconds:.0f}", Text(refused))
    aside = f", {len(forged.quarantined)} tests in quarantine" if forged.quarantined else ""
    notes = _notes(forged)
    total = (
        f"{forged.suite}: {forged.tasks} certified tasks from {forged.origin}, {forged.tests} tests pass{aside}\n"
        f"{forged.per_minute:g} a minute: {forged.seconds:.0f} s in all, {forged.survey_seconds:.0f} s surveying, "
        f"{forged.certify_seconds:.0f} s certifying; the whole test suite takes {forged.test_seconds:.1f} s\n"
        f"{notes}{forged.folder}"
    )
    return Group(yields, Text(total))


def _notes(forged: Forged) -> str:
    lists = {
        f"image {forged.image}, with": forged.pins,
        "could not be had:": forged.missing,
        f"test files left out, {len(forged.left_out)} (too slow, or broken off):": forged.left_out[:8],
    }
    return "".join(f"{what} {', '.join(names)}\n" for what, names in lists.items() if names)


_NUMBERS = ("tried", "made", "certified", "yield", "seconds")
