"""``codegym import``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from codegym.catalog import suites_dir
from codegym.cli.output import Json, give
from codegym.errors import ConfigError, TaskError
from codegym.importer.formats import FORMATS, Format, find_format, read_tasks
from codegym.importer.imported import Imported, Wishes
from codegym.importer.suite_folder import register, write_suite
from codegym.progress.bars import bars
from codegym.sandbox.image.image import image_names
from codegym.suite import Manifest, Suite, load_suite
from codegym.task import FolderSource

NO_ARGS_IS_HELP = True
_MOST_LISTED = 5


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
    ] = Wishes.repositories,
    test_command: Annotated[
        str, Option(help="The command that runs a repository's tests, if the rows name none; its log is read.")
    ] = "",
    split: Annotated[str, Option(help="The split of all tasks.")] = Wishes.split,
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
    row_format = find_format(format)
    name = name or _name(out.name if out else row_format.name)
    folder = out or suites_dir() / name
    skipped: list[TaskError] = []
    wishes = Wishes(image, repositories, test_command, split, skip=skipped.append)
    manifest = _manifest(name, row_format)
    with bars() as progress:
        tasks = read_tasks(row_format, path, wishes, limit)
        counted = _counted(tasks, lambda count: progress("importing", count, limit or 0))
        write_suite(folder, manifest, counted, wishes.skip)
    register(name, folder)
    load_suite.cache_clear()
    give(*_summary(load_suite(name), folder, [str(error) for error in skipped]), as_json=as_json)


def _manifest(name: str, format: Format) -> Manifest:  # noqa: A002
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"{name!r} is no name for a suite: lower case, digits and underscores; use --name")
    return Manifest(name=name, version=1, title=f"Imported: {format.title}")


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower())


def _counted(tasks: Iterator[Imported], report: Callable[[int], None]) -> Iterator[Imported]:
    for count, task in enumerate(tasks, 1):
        report(count)
        yield task


def _summary(suite: Suite, folder: Path, skipped: list[str]) -> tuple[dict[str, Any], str]:
    tasks = suite.tasks.values()
    absent = sorted({task.image for task in tasks} - set(image_names()))
    sources = len({task.source for task in tasks if not isinstance(task.source, FolderSource)})
    unsolved = sum(not task.gold_patch for task in tasks)
    undecided = sum(not task.tests.fail_to_pass for task in tasks)
    value = {
        "suite": suite.env_id,
        "tasks": len(suite.tasks),
        "digest": suite.digest,
        "folder": str(folder),
        "to_fetch": sources,
        "images_not_here": absent,
        "without_gold": unsolved,
        "without_tests": undecided,
        "skipped": len(skipped),
        "skipped_because": skipped,
    }
    lines = [f"{suite.env_id}: {len(suite.tasks)} tasks in {folder}"]
    if sources:
        lines.append(f"{sources} trees have to be fetched: codegym build {suite.name}")
    if absent:
        more = f" and {len(absent) - _MOST_LISTED} more" if len(absent) > _MOST_LISTED else ""
        lines.append(f"images that codegym does not have: {', '.join(absent[:_MOST_LISTED])}{more}")
        lines.append("their tasks can be read and exported, not played; --image plays them in one of our images")
    if unsolved:
        lines.append(f"{unsolved} tasks have no gold patch")
    if undecided:
        lines.append(f"{undecided} tasks name no deciding test: nothing resolves these")
    if skipped:
        lines.append(f"{len(skipped)} could not be read and were skipped:")
        lines += [f"  {why}" for why in skipped[:_MOST_LISTED]]
        lines += [f"  and {len(skipped) - _MOST_LISTED} more: --json names all"] * (len(skipped) > _MOST_LISTED)
    return value, "\n".join(lines)
