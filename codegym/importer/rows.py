"""Reads the rows of published data sets one at a time, from files of several kinds.

A data set may be larger than memory, and often only a few of its rows are used. So all readers are lazy. They keep
the field names of rows; only the formats know what these mean.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from codegym.atomic import whole_file
from codegym.errors import ConfigError, TaskError

Row = dict[str, Any]
"""One row of a data set. Maps columns to values of JSON types."""

Skip = Callable[[TaskError], None]
"""What is called with the error of a row that can't be read."""

_SUFFIXES = (".jsonl", ".json", ".parquet", ".arrow")
_BATCH = 64
"""Rows of a Parquet file that are read at a time."""
_BOOKKEEPING = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""Files without rows that Hugging Face's ``datasets`` writes beside them."""


def read_rows(path: Path, skip: Skip | None = None) -> Iterator[Row]:
    """Yield the rows of a file, or of all such files in a folder.

    Files are JSON Lines or JSON, gzipped or not, Parquet or Arrow. Raises :class:`~codegym.errors.ConfigError` if
    there is no file or its kind is not known, :class:`~codegym.errors.TaskError` for a line that can't be read.
    With ``skip``, that function is called with the error, and reading continues: with the next line, or with the
    next file if the rest of one can't be read.
    """
    if not path.exists():
        raise ConfigError(f"there is no file or folder {path}: give a file of rows, or a folder with such files")
    files = sorted(file for file in path.rglob("*") if _has_rows(file)) if path.is_dir() else [path]
    if not files:
        raise ConfigError(f"{path} has no {', '.join(_SUFFIXES)} file")
    for file in files:
        try:
            yield from _file_rows(file, skip or _raise)
        except TaskError as error:
            (skip or _raise)(error)
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            (skip or _raise)(TaskError(f"{file} can't be read: {error}"))


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as JSON Lines and return their number. The file is renamed into place when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with whole_file(path) as file:
        for row in rows:
            file.write(f"{json.dumps(row, ensure_ascii=False)}\n".encode(errors="backslashreplace"))
            count += 1
    return count


def column(row: Row, *names: str) -> Any:
    """Return the value of the first column among ``names`` that the row has and that is not null.

    Raises :class:`~codegym.errors.TaskError`, which names the row's columns, if there is none.
    """
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise TaskError(f"the row has no column {' or '.join(map(repr, names))}: it has {', '.join(row) or 'none'}")


def _raise(error: TaskError) -> None:
    raise error


def _file_rows(path: Path, skip: Skip) -> Iterator[Row]:
    suffix = _suffix(path)
    if suffix in (".parquet", ".arrow"):
        return _arrow_rows(path, suffix)
    if suffix == ".json":
        return _json_rows(path, skip)
    if suffix == ".jsonl":
        return _lines(path, skip)
    raise ConfigError(f"{path}: rows are read from {', '.join(_SUFFIXES)} files, gzipped or not")


def _has_rows(path: Path) -> bool:
    return _suffix(path) in _SUFFIXES and path.is_file() and path.name not in _BOOKKEEPING


def _suffix(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix


def open_text(path: Path) -> IO[str]:
    """Open a file, gzipped or not, to read it as text."""
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _lines(path: Path, skip: Skip) -> Iterator[Row]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    row = _row(path, number, line)
                except TaskError as error:
                    skip(error)
                    continue
                yield row


def _row(path: Path, number: int, line: bytes) -> Row:
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{path}, line {number}: {error}") from error
    if not isinstance(row, dict):
        raise TaskError(f"{path}, line {number}: a row has to be a JSON object, not {line.decode().strip()[:60]}")
    return row


def _json_rows(path: Path, skip: Skip) -> Iterator[Row]:
    """Yield the rows of a JSON file: a list, an object by id, or one object. JSON Lines are read as well."""
    try:
        with open_text(path) as file:
            value = json.load(file)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise TaskError(f"{path}: {error}") from error
        yield from _lines(path, skip)
        return
    except RecursionError as error:
        raise TaskError(f"{path}: {error}") from error
    rows = list(value.values()) if isinstance(value, dict) and _is_map(value) else value
    rows = [rows] if isinstance(rows, dict) else rows
    if not isinstance(rows, list):
        raise TaskError(f"{path}: expected a list of objects, or an object whose values are objects")
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            yield row
        else:
            skip(TaskError(f"{path}, value {number}: a row has to be a JSON object, not {json.dumps(row)[:60]}"))


def _is_map(value: dict[str, Any]) -> bool:
    return bool(value) and all(isinstance(row, dict) for row in value.values())


def _arrow_rows(path: Path, suffix: str) -> Iterator[Row]:
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: PLC0415 - large and optional
        import pyarrow.parquet  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"pyarrow is needed to read {path}: pip install pyarrow (or 'codegym[train]')"
        ) from error
    try:
        if suffix == ".parquet":
            batches = pyarrow.parquet.ParquetFile(path).iter_batches(_BATCH)
        else:
            batches = pyarrow.ipc.open_stream(path)
        for batch in batches:
            yield from (_plain(row) for row in batch.to_pylist())
    except pyarrow.ArrowException as error:
        raise TaskError(f"{path} can't be read as {suffix}: {error}") from error


def _plain(value: Any) -> Any:
    """Convert ``value`` to JSON types: times to ISO 8601, bytes to text."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else value
