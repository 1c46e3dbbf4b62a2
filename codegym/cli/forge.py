"""``codegym forge``."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError, unknown
from codegym.foundry.describe.change import read_issues
from codegym.foundry.forge.forge import forge
from codegym.foundry.forge.options import OPERATORS, ForgeOptions
from codegym.foundry.forge.report import ForgeReport
from codegym.foundry.repository.origin import origin, suite_name
from codegym.foundry.repository.project import project
from codegym.progress.bars import bars
from codegym.sandbox.host.lease import draft_folder

NO_ARGS_IS_HELP = True
_More = Annotated[
    list[str] | None,
    Option("--with", help="A Python package that the project needs as well; may be given several times."),
]
_Issues = Annotated[
    Path | None,
    Option(help="A JSON list of the git host's issues (number, title, body), for the texts of history tasks."),
]
_Seconds = Annotated[
    float, Option(min=0, help="The most seconds for the survey, and again for all trials; 0: no limit.")
]
_Sandbox = Annotated[str, Option("--sandbox", "--backend", help="Where to run: bwrap, docker or docker-volume.")]


def verb(
    source: Annotated[str, Argument(help="A folder, an sdist (.tar.gz) or a git URL.")],
    *,
    test_command: Annotated[str, Option(help="What runs the tests; default: pytest or npm.")] = "",
    junit: Annotated[str, Option(help="The JUnit report that the test command writes.")] = "",
    image: Annotated[str, Option(help="An image to use unchanged; default: one made for the project.")] = "",
    more: _More = None,
    issues: _Issues = None,
    name: Annotated[str, Option(help="The suite's name; default: the package's.")] = "",
    out: Annotated[Path | None, Option(help="The suite's folder; default: with your other suites.")] = None,
    operators: Annotated[str, Option(help="The ways to make tasks, separated by commas.")] = ",".join(OPERATORS),
    tasks: Annotated[int, Option(min=1, help="The most tasks per operator.")] = 40,
    seconds: _Seconds = 0.0,
    split: Annotated[str, Option(help="The split of all tasks.")] = "train",
    repeats: Annotated[int, Option(min=1, help="Runs of each state of a task (untouched, bug, gold, empty).")] = 3,
    sandbox: _Sandbox = "bwrap",
    workers: Annotated[int, Option(min=0, help="Boxes at once; 0: one per core.")] = 0,
    replace: Annotated[bool, Option(help="Replace the earlier suite, as its next version.")] = False,
    as_json: Json = False,
) -> None:
    """Make a suite of certified tasks from any repository that has tests.

    Finds the tests, measures which lines each runs (Python), and makes tasks in six ways: mutation (one small
    bug), combined (several small bugs, also in two files), removal (a function without its body), slowdown (a
    function that does more work than before), history (a past commit is to be made again), chain (several tasks
    in one). Each task is run and certified; one that fails is left out.
    Every verb and gymnasium.make then know the suite by its name.

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
    with draft_folder() as scratch, bars() as progress:
        code = origin(source, scratch)
        options = ForgeOptions(
            name=name or suite_name(code.name),
            out=out,
            operators=_operators(operators),
            most=tasks,
            split=split,
            backend=sandbox,
            workers=workers or os.cpu_count() or 1,
            repeats=repeats,
            seconds=seconds,
            replace=replace,
            declared=not image,
            more=tuple(more or ()),
            issues=read_issues(issues) if issues else {},
        )
        report = forge(project(code, test_command, junit=junit, image=image), options, progress)
    give(report.model_dump(mode="json"), _summary(report), as_json=as_json)


def _operators(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for one in names:
        if one not in OPERATORS:
            raise ConfigError(unknown("operator", one, OPERATORS))
    if not names:
        raise ConfigError(f"--operators names none: give some of {', '.join(OPERATORS)}")
    return names


def _summary(report: ForgeReport) -> Group:
    rows = table("operator", "tried", "made", "certified", "yield", "seconds", "refused", right=_NUMBERS)
    for operator, result in report.operators.items():
        reasons = Counter[str]()
        for why, count in result.refused.items():
            reasons[why.partition(":")[0]] += count
        refused = ", ".join(f"{why} {count}" for why, count in sorted(reasons.items()))
        share = f"{100 * result.certified / result.tried:.0f} %" if result.tried else "-"
        counts = (str(result.tried), str(result.made), str(result.certified), share)
        rows.add_row(operator, *counts, f"{result.seconds:.0f}", Text(refused))
    open_tasks = report.tasks - report.with_hidden_tests
    warning = f"{open_tasks} tasks have no hidden tests: the agent can read what decides\n" if open_tasks else ""
    aside = f", {len(report.quarantined)} tests in quarantine" if report.quarantined else ""
    notes, total_tests = _notes(report), report.tests + report.failed + len(report.quarantined)
    passing = f"{report.tests} tests pass"
    if report.failed:
        passing = f"{report.tests} of {total_tests} tests pass in the untouched tree; the others are left out"
    total = (
        f"{report.suite}: {report.tasks} certified tasks from {report.origin}, {passing}{aside}\n"
        f"{report.per_minute:g} a minute: {report.seconds:.0f} s in all, {report.survey_seconds:.0f} s surveying, "
        f"{report.certify_seconds:.0f} s certifying; the whole test suite takes {report.test_seconds:.1f} s\n"
        f"{warning}{notes}{report.folder}"
    )
    return Group(rows, Text(total))


def _notes(report: ForgeReport) -> str:
    notes = {
        f"image {report.image}, with": report.pins,
        "could not be had:": report.missing,
        f"test files left out, {len(report.left_out)} (too slow, or broken off):": report.left_out[:8],
    }
    return "".join(f"{what} {', '.join(names)}\n" for what, names in notes.items() if names)


_NUMBERS = ("tried", "made", "certified", "yield", "seconds")
