"""The formats that can be imported, by the name that a user types.

A *row* format reads the rows of a file one by one; a *folder* format finds the folders of tasks below a path. Both
yield tasks lazily, so that no more is read than is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from codegym.errors import ConfigError, TaskError, unknown
from codegym.importer.folder.exercism import exercism
from codegym.importer.folder.harbor import harbor
from codegym.importer.function.evalplus import evalplus
from codegym.importer.function.human_eval import human_eval
from codegym.importer.function.mbpp import mbpp
from codegym.importer.function.pack import humanevalpack
from codegym.importer.imported_task import ImportedTask, ImportOptions, read_each
from codegym.importer.repository.multi_swe_bench import multi_swe_bench
from codegym.importer.repository.r2e_gym import r2e_gym
from codegym.importer.repository.swe_smith import swe_smith
from codegym.importer.repository.swebench import swe_bench, swe_gym, swe_rebench
from codegym.importer.rows import Row, read_rows

ReadRow = Callable[[Row, ImportOptions], ImportedTask]
ReadFolder = Callable[[Path, ImportOptions], Iterator[ImportedTask]]


@dataclass(frozen=True)
class Format:
    """A format: its name, a title for lists, and the function that reads one row, or the folders below a path."""

    name: str
    title: str
    row: ReadRow | None = None
    folder: ReadFolder | None = None


FORMATS = {
    entry.name: entry
    for entry in (
        Format("swe-bench", "SWE-bench and all that has its columns, old and new", row=swe_bench),
        Format("swe-gym", "SWE-Gym", row=swe_gym),
        Format("swe-rebench", "SWE-rebench, SWE-bench-extra", row=swe_rebench),
        Format("swe-smith", "SWE-smith: the patch is the bug", row=swe_smith),
        Format("r2e-gym", "R2E-Gym: commits, and what their tests have to say", row=r2e_gym),
        Format("multi-swe-bench", "Multi-SWE-bench: pull requests in seven languages", row=multi_swe_bench),
        Format("harbor", "Harbor and Terminal-Bench: folders of tasks", folder=harbor),
        Format("humaneval", "HumanEval: functions to complete", row=human_eval),
        Format("humanevalpack", "HumanEvalPack: bugs to repair in Python, JavaScript and C++", row=humanevalpack),
        Format("mbpp", "MBPP, whole or sanitized: functions to write", row=mbpp),
        Format("evalplus", "EvalPlus: HumanEval+ and MBPP+", row=evalplus),
        Format("exercism", "Exercism-style exercises: folders with .meta/config.json", folder=exercism),
    )
}


def find_format(name: str) -> Format:
    """Return a format by name, whatever its case and hyphens. Raises ConfigError with the nearest match."""
    aliases = {"terminalbench": "harbor", "sweextra": "swerebench"}
    plain = name.lower().replace("_", "").replace("-", "")
    for entry in FORMATS.values():
        if entry.name.replace("-", "") == aliases.get(plain, plain):
            return entry
    raise ConfigError(unknown("format", name, FORMATS))


def read_tasks(
    format: Format,  # noqa: A002 - the word of those who import
    path: Path,
    options: ImportOptions,
    limit: int | None = None,
) -> Iterator[ImportedTask]:
    """Yield the first ``limit`` tasks at ``path`` that can be read.

    Rows and folders that can't be read are skipped. Raises :class:`TaskError` for the first of them if no task can
    be read.
    """
    yield from islice(_all(format, path, options), limit)


def _all(format: Format, path: Path, options: ImportOptions) -> Iterator[ImportedTask]:  # noqa: A002
    if format.folder is not None:
        yield from format.folder(path, options)
    elif format.row is not None:
        yield from _row_tasks(format.row, path, options)


def _row_tasks(read: ReadRow, path: Path, options: ImportOptions) -> Iterator[ImportedTask]:
    """Yield the tasks of rows. Raises the first error if no row could be read."""
    broken: list[TaskError] = []

    def skip(error: TaskError) -> None:
        broken.append(error)
        options.skip(error)

    rows = ((f"{path}, row {number}", row) for number, row in enumerate(read_rows(path, skip), 1))
    any_read = False
    for task in read_each(rows, lambda row: read(row, options), options.skip):
        any_read = True
        yield task
    if broken and not any_read:
        raise broken[0]
