"""The formats that can be imported, by the name that a user types.

A *row* format reads the rows of a file one by one; a *folder* format finds the folders of tasks below a path. Both
yield tasks lazily: what is not asked for is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from codegym.errors import ConfigError, TaskError, unknown
from codegym.importer.human_eval import human_eval
from codegym.importer.humanevalpack import humanevalpack
from codegym.importer.imported import Imported, Wishes
from codegym.importer.rows import Row, read_rows

ReadRow = Callable[[Row, Wishes], Imported]
ReadFolder = Callable[[Path, Wishes], Iterator[Imported]]


@dataclass(frozen=True)
class Format:
    """A format: what it is called, what it holds, and how a row or a folder of it is read."""

    name: str
    title: str
    row: ReadRow | None = None
    folder: ReadFolder | None = None


FORMATS = {
    found.name: found
    for found in (
        Format("humaneval", "HumanEval: functions to complete", row=human_eval),
        Format("humanevalpack", "HumanEvalPack: bugs to repair in Python, JavaScript and C++", row=humanevalpack),
    )
}


def find_format(name: str) -> Format:
    """Return a format by name, case and hyphens aside. Raises :class:`ConfigError` with the nearest match."""
    plain = name.lower().replace("_", "-")
    for found in FORMATS.values():
        if plain.replace("-", "") == found.name.replace("-", ""):
            return found
    raise ConfigError(unknown("format", name, FORMATS))


def read_tasks(format: Format, path: Path, wishes: Wishes, limit: int | None = None) -> Iterator[Imported]:  # noqa: A002
    """Yield the first ``limit`` tasks at ``path``. Raises :class:`TaskError` naming the row that can't be read."""
    yield from islice(_all(format, path, wishes), limit)


def _all(format: Format, path: Path, wishes: Wishes) -> Iterator[Imported]:  # noqa: A002
    if format.folder is not None:
        yield from format.folder(path, wishes)
    elif format.row is not None:
        for number, row in enumerate(read_rows(path), 1):
            yield _read(format.row, row, wishes, f"{path}, row {number}")


def _read(read: ReadRow, row: Row, wishes: Wishes, where: str) -> Imported:
    try:
        return read(row, wishes)
    except TaskError as error:
        raise TaskError(f"{where}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TaskError(f"{where} is not as this format has it ({type(error).__name__}: {error})") from error
