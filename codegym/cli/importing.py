"""``codegym import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from codegym.cli.output import Json, give
from codegym.importer.formats import FORMATS
from codegym.importer.imported_task import ImportOptions
from codegym.importer.suite_import import SuiteImport, import_suite
from codegym.progress.bars import bars

NO_ARGS_IS_HELP = True
_MOST_LISTED = 5
"""Images and reasons that are printed; --json has all."""


def verb(
    format: Annotated[str, Argument(help="One of: " + ", ".join(FORMATS))],  # noqa: A002 - what a user reads
    path: Annotated[Path, Argument(help="A file of rows (.jsonl, .json, .parquet, .arrow, .gz), or a folder.")],
    *,
    out: Annotated[
        Path | None, Option(help="The suite's folder; the default is in your folder of suites.")
    ] = None,
    name: Annotated[str, Option(help="The suite's name; the default is the folder's, or the format's.")] = "",
    image: Annotated[
        str, Option(help="The image to play in (python, cc, node), instead of those that the rows name.")
    ] = "",
    repositories: Annotated[
        str, Option(help="Where repositories are fetched from; {repo}, {owner} and {name} are filled in.")
    ] = ImportOptions.repositories,
    test_command: Annotated[
        str, Option(help="The command that runs a repository's tests, if the rows name none; its log is read.")
    ] = "",
    split: Annotated[str, Option(help="The split of all tasks.")] = ImportOptions.split,
    limit: Annotated[int | None, Option(min=1, help="The most rows to read.")] = None,
    as_json: Json = False,
) -> None:
    """Make a suite of published tasks: SWE-bench and its relatives, Harbor, HumanEval, MBPP, Exercism.

    From then on the suite has a name: `codegym list`, `gymnasium.make("codegym/NAME-v1")`. Rows are stored whole,
    and `codegym export` writes them again. A row that can't be read is skipped, counted and reported. Repositories
    are fetched by `codegym build NAME`. A task whose image this machine lacks is refused when it is played.

    Examples:

    - `codegym import humanevalpack humanevalpack/cpp.jsonl.gz --name pack_cpp`
    - `codegym import swe-bench verified.parquet --name verified --limit 20`
    - `codegym import harbor tasks/ --image python --out suites/mine`
    """
    options = ImportOptions(image, repositories, test_command, split)
    with bars() as progress:
        result = import_suite(format, path, options, name=name, out=out, limit=limit, progress=progress)
    give(_value(result), "\n".join(_lines(result)), as_json=as_json)


def _value(result: SuiteImport) -> dict[str, Any]:
    return {
        "suite": result.suite.env_id,
        "tasks": len(result.suite.tasks),
        "digest": result.suite.digest,
        "folder": str(result.folder),
        "to_fetch": result.to_fetch,
        "images_not_here": result.missing_images,
        "without_gold": result.without_gold,
        "without_tests": result.without_tests,
        "without_runner": result.without_runner,
        "other_languages": dict(result.other_languages),
        "skipped": len(result.skipped),
        "skipped_because": list(result.skipped),
    }


def _lines(result: SuiteImport) -> list[str]:
    lines = [f"{result.suite.env_id}: {len(result.suite.tasks)} tasks in {result.folder}"]
    if result.to_fetch:
        lines.append(f"{result.to_fetch} trees have to be fetched: codegym build {result.suite.name}")
    if images := result.missing_images:
        more = f" and {len(images) - _MOST_LISTED} more" if len(images) > _MOST_LISTED else ""
        lines.append(f"images that codegym does not have: {', '.join(images[:_MOST_LISTED])}{more}")
        lines.append("their tasks can be read and exported, not played; --image plays them in one of our images")
    if result.without_gold:
        lines.append(f"{result.without_gold} tasks have no gold patch")
    if result.without_tests:
        lines.append(f"{result.without_tests} tasks name no deciding test: nothing resolves these")
    if result.without_runner:
        lines.append(f"{sum(result.without_runner.values())} tasks can be read and exported, not played:")
        lines += [f"  {count}: {why}" for why, count in result.without_runner.items()]
    if result.other_languages:
        counts = ", ".join(f"{language} {count}" for language, count in result.other_languages.items())
        total = sum(result.other_languages.values())
        lines.append(f"{total} were left out, since no image of codegym can run their tests: {counts}")
    if result.skipped:
        lines.append(f"{len(result.skipped)} could not be read and were skipped:")
        lines += [f"  {why}" for why in result.skipped[:_MOST_LISTED]]
    if len(result.skipped) > _MOST_LISTED:
        lines.append(f"  and {len(result.skipped) - _MOST_LISTED} more: --json names all")
    return lines
