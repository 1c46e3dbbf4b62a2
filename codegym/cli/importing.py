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
from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.suite_folder import register, write_suite
from codegym.progress.bars import bars
from codegym.sandbox.image.image import image_names
from codegym.suite import Manifest, Suite, load_suite
from codegym.task import FolderSource

NO_ARGS_IS_HELP = True
_SHOWN = 5


def verb(
    format: Annotated[str, Argument(help="One of: " + ", ".join(FORMATS))],  # noqa: A002 - what a user reads
    path: Annotated[Path, Argument(help="A file of rows (.jsonl, .json, .parquet, .arrow, .gz), or a folder.")],
    *,
    out: Annotated[
        Path | None, Option(help="The suite's folder; the default is in your folder of suites.")
    ] = None,
    name: Annotated[str, Option(help="The suite's name; the default is the folder's, or the format's.")] = "",
    image: Annotated[
        str, Option(help="Play in this image (python, cc, node) and not in those that rows name.")
    ] = "",
    repositories: Annotated[
        str, Option(help="Where repositories are fetched from: {repo}, {owner}, {name} are filled in.")
    ] = ImportOptions.repositories,
    test_command: Annotated[
        str, Option(help="Run a repository's tests by this command, and read its log, where rows say no other.")
    ] = "",
    split: Annotated[str, Option(help="The split that the tasks are in.")] = ImportOptions.split,
    limit: Annotated[int | None, Option(min=1, help="Only the first so many rows.")] = None,
    as_json: Json = False,
) -> None:
    """Make a suite of what others publish: SWE-bench and its relatives, Harbor, HumanEval, MBPP, Exercism.

    The suite is found by its name from then on: `codegym list`, `gymnasium.make("codegym/NAME-v1")`. Rows are kept
    whole, and `codegym export` gives them back. What can't be read is skipped, counted and named. Tasks in
    repositories are fetched by `codegym build NAME`; a task whose image is none of ours says so when it is played.

    Examples:

    - `codegym import humanevalpack humanevalpack/cpp.jsonl.gz --name pack_cpp`
    - `codegym import swe-bench verified.parquet --name verified --limit 20`
    - `codegym import harbor tasks/ --image python --out suites/mine`
    """
    found = find_format(format)
    name = name or _name(out.name if out else found.name)
    folder = out or suites_dir() / name
    skipped: list[TaskError] = []
    options = ImportOptions(image, repositories, test_command, split, skip=skipped.append)
    manifest = _manifest(name, found)
    with bars() as progress:
        tasks = read_tasks(found, path, options, limit)
        counted = _counted(tasks, lambda count: progress("importing", count, limit or 0))
        write_suite(folder, manifest, counted, options.skip)
    register(name, folder)
    load_suite.cache_clear()
    give(*_told(load_suite(name), folder, [str(error) for error in skipped]), as_json=as_json)


def _manifest(name: str, format: Format) -> Manifest:  # noqa: A002
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"{name!r} is no name for a suite: lower case, digits and underscores; use --name")
    return Manifest(name=name, version=1, title=f"Imported: {format.title}")


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower())


def _counted(tasks: Iterator[ImportedTask], say: Callable[[int], None]) -> Iterator[ImportedTask]:
    for count, task in enumerate(tasks, 1):
        say(count)
        yield task


def _told(suite: Suite, folder: Path, skipped: list[str]) -> tuple[dict[str, Any], str]:
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
        lines.append(f"{sources} trees are to be fetched: codegym build {suite.name}")
    if absent:
        more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
        lines.append(f"images that codegym has not: {', '.join(absent[:_SHOWN])}{more}")
        lines.append("tasks in them can be read and exported, not played; --image plays in one of ours")
    if unsolved:
        lines.append(f"{unsolved} tasks have no gold patch")
    if undecided:
        lines.append(f"{undecided} tasks name no test that decides them: nothing resolves these")
    if skipped:
        lines.append(f"{len(skipped)} could not be read and were skipped:")
        lines += [f"  {why}" for why in skipped[:_SHOWN]]
        lines += [f"  and {len(skipped) - _SHOWN} more: --json names all"] * (len(skipped) > _SHOWN)
    return value, "\n".join(lines)
