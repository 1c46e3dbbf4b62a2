"""Reads recorded episodes: JSON lines, in a file or a run's folder, written by :mod:`codegym.rollout.log`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from codegym.episode import Episode
from codegym.errors import ConfigError, wrong_fields


def read_episodes(path: Path) -> Iterator[Episode]:
    """Read the episodes of a file or of a run's folder, file by file, in the order they were written.

    A last line without its end, of a killed writer or still being written, is left out. Raises
    :class:`ConfigError` if ``path`` does not exist or another line is not an episode.
    """
    if not path.exists():
        raise ConfigError(f"no episodes at {str(path)!r}: give a file of JSON lines or a run's folder")
    for file in _files(path) if path.is_dir() else [path]:
        yield from _read_file(file)


def read_run(path: Path) -> Iterator[Episode]:
    """Read a file, a log's folder, or a training run's folder, which has several logs.

    Raises :class:`ConfigError` as :func:`read_episodes` does, and if the folder has no log.
    """
    logs = sorted({log.parent for log in path.rglob("episodes-*.jsonl")}) if path.is_dir() else [path]
    if not logs:
        raise ConfigError(f"no episodes below {str(path)!r}: give a file of JSON lines or a run's folder")
    for log in logs:
        yield from read_episodes(log)


def _read_file(path: Path) -> Iterator[Episode]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield Episode.from_json_line(line)
            except ValidationError as error:
                raise ConfigError(f"{path}:{number}: not an episode: {wrong_fields(error)}") from error


def _files(folder: Path) -> list[Path]:
    numbered = {int(path.stem.removeprefix("episodes-")): path for path in folder.glob("episodes-[0-9]*.jsonl")}
    return [numbered[number] for number in sorted(numbered)]
