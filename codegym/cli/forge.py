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
    test_command: Annotated[str, Option(help="What runs the tests; found out for pytest and npm.")] = "",
    junit: Annotated[str, Option(help="The JUnit report that the test command writes.")] = "",
    image: Annotated[str, Option(help="The toolchain as it is, nothing added; default: what it needs.")] = "",
    more: Annotated[list[str] | None, Option("--with", help="One more Python package that it needs.")] = None,
    name: Annotated[str, Option(help="The suite's name; default: the package's.")] = "",
    out: Annotated[Path | None, Option(help="The suite's folder; default: with your other suites.")] = None,
    operators: Annotated[str, Option(help="Which operators, separated by commas.")] = ",".join(OPERATORS),
    tasks: Annotated[int, Option(min=1, help="At most so many tasks of each operator.")] = 40,
    seconds: Annotated[float, Option(min=0, help="Survey, then try, for so long each; 0: till done.")] = 0.0,
    split: Annotated[str, Option(help="The split that all tasks stand in.")] = "train",
    repeats: Annotated[int, Option(min=1, help="Runs of every state of a task.")] = 3,
    sandbox: Annotated[str, Option("--sandbox", "--backend", help="Where to run: bwrap or docker.")] = "bwrap",
    workers: Annotated[int, Option(min=0, help="Boxes side by side; 0: one a core.")] = 0,
    replace: Annotated[bool, Option(help="Replace the forged suite that is there, as its next version.")] = False,
    as_json: Json = False,
) -> None:
    """Make a suite of certified tasks from any repository that has tests.

    Finds the tests, measures what each reaches (Python), and makes tasks by mutation (a slip in one place, or
    combined in one file), removal (a function's body is taken out), history (a commit that changes source and
    tests, at its parent) and chains of these. Each is executed and certified; what is not sound is left out.
    The suite is found by its name at once, by every verb and by gymnasium.make.

    Tests are run by pytest, by node --test, or by any command that prints TAP or writes a JUnit report. They
    have to pass in a box without network. What a Python project and its tests declare to need is added to the
    image, pinned. Test files that are not in time or do not end in order are left out. Trials are kept: a forge
    that was stopped goes on where it was.

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
        found = origin(source, Path(scratch))
        wishes = Wishes(
            name or suite_name(found.name), out, wanted, tasks, split, sandbox, workers or os.cpu_count() or 1,
            repeats, seconds, replace, declared=not image, more=tuple(more or ()),
        )  # fmt: skip
        forged = forge(project(found, test_command, junit=junit, image=image), wishes, progress)
    give(forged.model_dump(mode="json"), _shown(forged), as_json=as_json)


def _shown(forged: Forged) -> Group:
    shown = table("operator", "tried", "made", "certified", "yield", "seconds", "refused", right=_NUMBERS)
    for operator, found in forged.operators.items():
        refused = ", ".join(f"{why} {count}" for why, count in sorted(found.refused.items()))
        share = f"{100 * found.certified / found.tried:.0f} %" if found.tried else "-"
        counts = (str(found.tried), str(found.made), str(found.certified), share)
        shown.add_row(operator, *counts, f"{found.seconds:.0f}", Text(refused))
    aside = f", {len(forged.quarantined)} tests in quarantine" if forged.quarantined else ""
    notes = _notes(forged)
    total = (
        f"{forged.suite}: {forged.tasks} certified tasks from {forged.origin}, {forged.tests} tests pass{aside}\n"
        f"{forged.per_minute:g} a minute: {forged.seconds:.0f} s in all, {forged.survey_seconds:.0f} s surveying, "
        f"{forged.certify_seconds:.0f} s certifying; the whole test suite takes {forged.test_seconds:.1f} s\n"
        f"{notes}{forged.folder}"
    )
    return Group(shown, Text(total))


def _notes(forged: Forged) -> str:
    said = {
        f"image {forged.image}, with": forged.pins,
        "could not be had:": forged.missing,
        f"test files left out, {len(forged.left_out)} (not in time, or no orderly end):": forged.left_out[:8],
    }
    return "".join(f"{what} {', '.join(names)}\n" for what, names in said.items() if names)


_NUMBERS = ("tried", "made", "certified", "yield", "seconds")
