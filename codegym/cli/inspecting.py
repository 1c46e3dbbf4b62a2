"""``codegym inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Group, RenderableType
from rich.text import Text
from typer import Argument, Option

from codegym.atomic import write_whole
from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError
from codegym.inspection.page import page, proof_in_words, reach_in_words
from codegym.inspection.report import SIZES, SuiteReport, inspect_suite
from codegym.progress.bars import bars
from codegym.suite import load_suite

NO_ARGS_IS_HELP = True
_OF_GENERATED = 200
"""Tasks of a generated suite that are read by default: it has as many as one likes."""
_MOST_ROWS = 20
"""Rows of a table in the terminal; the page has all."""


def verb(
    suite: Annotated[str, Argument(help="The suite to look at.")],
    *,
    out: Annotated[Path | None, Option(help="The page; default: runs/inspect-SUITE.html.")] = None,
    sample: Annotated[
        int | None,
        Option(min=0, help="Only so many tasks, spread evenly; 0: all. Default: all, or 200 if generated."),
    ] = None,
    read: Annotated[int, Option(min=0, help="How many tasks are shown in full.")] = 10,
    seed: Annotated[int, Option(help="Decides which tasks are shown in full.")] = 0,
    as_json: Json = False,
) -> None:
    """Look at a suite before you train on it: a page with plots, and the same in numbers.

    It shows kinds, splits, sizes, difficulty as far as it was measured, the share of the source that has tasks,
    near-duplicates, what was refused and why, tests that can't be examined, and some tasks in full. Nothing is
    played.

    Examples:

    - `codegym inspect kata`
    - `codegym inspect drill --sample 500 --out drill.html`
    """
    if out is not None and out.is_dir():
        raise ConfigError(f"--out {str(out)!r} is a folder: give a file's name in it")
    loaded = load_suite(suite)
    if sample is None:
        sample = _OF_GENERATED if loaded.generated else 0
    with bars() as progress:
        report = inspect_suite(loaded, sample=sample, seed=seed, read=read, progress=progress)
    path = out or Path("runs") / f"inspect-{suite}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page(report).encode(errors="replace"))
    give(report.model_dump(mode="json") | {"page": str(path)}, _text(report, path), as_json=as_json)


def _text(report: SuiteReport, path: Path) -> Group:
    of = f" of {report.tasks}" if report.inspected < report.tasks else ""
    parts: list[RenderableType] = [Text(f"{report.suite}: {report.inspected}{of} tasks", style="bold"), Text("")]
    for name in ("kind", "split", "group", "difficulty"):
        parts += [_counts(name, report.counts(name)), Text("")]
    parts += [_sizes(report), Text(""), _duplicates(report), Text(""), _refusals(report), Text("")]
    return Group(*parts, Text(reach_in_words(report)), Text(proof_in_words(report)), Text(f"{path}", style="dim"))


def _counts(name: str, counts: dict[str, int]) -> RenderableType:
    rows = table(name, "tasks", right=("tasks",))
    for value, count in list(counts.items())[:_MOST_ROWS]:
        rows.add_row(Text(value), str(count))
    if len(counts) > _MOST_ROWS:
        rows.add_row(f"… {len(counts) - _MOST_ROWS} more", str(sum(list(counts.values())[_MOST_ROWS:])))
    return rows


def _sizes(report: SuiteReport) -> RenderableType:
    numbers = ("tasks", "least", "median", "p90", "most")
    rows = table("size", *numbers, right=numbers)
    for name, summary in report.sizes.items():
        rows.add_row(SIZES[name], *(str(getattr(summary, number)) for number in numbers))
    return rows


def _duplicates(report: SuiteReport) -> RenderableType:
    rows = table("near-duplicates", "tasks", title=f"{report.surplus} tasks would go if one of each set stayed")
    for group in report.duplicates[:_MOST_ROWS]:
        rows.add_row(group.rule, Text(", ".join(group.tasks)))
    return rows if report.duplicates else Text("no near-duplicates")


def _refusals(report: SuiteReport) -> RenderableType:
    rows = table("refused by", "reason", "count", right=("count",))
    for refusal in report.refusals[:_MOST_ROWS]:
        rows.add_row(refusal.stage, Text(refusal.reason), str(refusal.count))
    return rows if report.refusals else Text("nothing was refused")
