"""Episodes on disk: JSON Lines, append-only, so that a killed run loses no finished episode.

A run's folder has files ``episodes-<n>.jsonl``, one per process that writes at the same time. A process locks its
file; the kernel releases the lock however the process dies, and the next process takes the file over and cuts off
an unfinished line. Each episode is one ``write`` of one whole line.

Everything written survives ``kill -9`` of the process. ``fsync`` is called when the log is closed, not for every
line, so a power cut may cost the last seconds; the lines before stay readable.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from codegym.episode import Episode
from codegym.episode_file import read_episodes

__all__ = ["EpisodeLog", "read_episodes"]


class EpisodeLog:
    """Appends episodes to a run's folder and reads its episodes. Safe to use from many threads.

    Opening creates ``folder``, locks a file in it and cuts off that file's last line if it is unfinished.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.Lock()
        self._file, self.path = _claim(folder)
        _cut_torn_line(self._file)

    def append(self, episode: Episode) -> None:
        """Write one episode. Raises ``OSError`` (disk full), and then leaves nothing of it in the file."""
        line = episode.json_line().encode() + b"\n"
        with self._lock:
            end = os.fstat(self._file).st_size
            if os.write(self._file, line) < len(line):
                os.ftruncate(self._file, end)
                raise OSError(errno.ENOSPC, f"no room for an episode of {len(line)} bytes", str(self.path))

    def episodes(self) -> Iterator[Episode]:
        """Read all episodes of the folder, including those of other processes."""
        return read_episodes(self.folder)

    def close(self) -> None:
        """Flush to the disk and release the file. Closing twice is fine."""
        with self._lock:
            if self._file >= 0:
                os.fsync(self._file)
                os.close(self._file)
                self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _claim(folder: Path) -> tuple[int, Path]:
    """Open and lock the first file that no other process has locked."""
    number = 0
    while True:
        path = folder / f"episodes-{number}.jsonl"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            number += 1
        else:
            return file, path


def _cut_torn_line(file: int) -> None:
    """Cut off everything after the last newline."""
    end = size = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - 65536)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        os.ftruncate(file, end)
