"""The disk limit where no file system holds it: what a workspace takes is looked at while commands run."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from codegym.sandbox.host.folder import usage
from codegym.sandbox.protocol import ExecResult

_LOOK_SECONDS = 0.1
_SLACK = 1 << 20
"""Bytes that a folder may still grow by which is too large already: file systems book some blocks late."""


class DiskWatch:
    """Says whether a folder has grown beyond ``limit_mb``.

    What a killed command leaves is allowed from then on, so that the commands that delete it are not killed too.
    """

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self._folder = folder
        self._limit = self._allowed = limit_mb << 20
        self._full = False
        self._next = 0.0

    def exceeded(self) -> bool:
        """Look, unless the last look was just now; looking takes at most a tenth of the time."""
        return self._look(_LOOK_SECONDS)

    def settled(self, result: ExecResult) -> ExecResult:
        """Return how a command ended, where it filled the disk: killed (-9), with a line that says why."""
        if not self._look(0.0):
            return result
        self._full, self._allowed = False, max(self._limit, usage(self._folder) + _SLACK)
        note = f"{result.stderr}\n[killed: the workspace grew beyond {self._limit >> 20} MB]\n".lstrip()
        return replace(result, exit_code=-9, oom=False, stderr=note)

    def _look(self, pause: float) -> bool:
        began = time.monotonic()
        if not self._full and began >= self._next + pause:
            used = usage(self._folder)
            self._full = used > self._allowed
            self._allowed = max(self._limit, min(self._allowed, used + _SLACK))
            self._next = time.monotonic() + 9 * (time.monotonic() - began)
        return self._full
