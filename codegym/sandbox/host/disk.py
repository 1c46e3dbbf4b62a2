"""The disk limit where no file system enforces it: the size of the workspace is checked while commands run."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from codegym.sandbox.host.folder import usage
from codegym.sandbox.protocol import ExecResult

_CHECK_SECONDS = 0.1
"""The shortest time between two checks."""

_REST = 9
"""A check is followed by a rest of this many times its duration: checks take a tenth of the time at most."""

_SLACK = 1 << 20
"""Bytes by which a folder above the limit may still grow: file systems count some blocks late."""


class DiskWatch:
    """Checks whether a folder has grown beyond ``limit_mb``.

    Once a command was killed for it, the folder's size at that time is allowed, so that the commands that delete
    files are not killed too.
    """

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self._folder = folder
        self._limit = self._allowed = limit_mb << 20
        self._full = False
        self._next = 0.0

    def is_exceeded(self) -> bool:
        """Return whether the folder is too large. Cheap to call often: most calls repeat the last answer."""
        return self._check(_CHECK_SECONDS)

    def checked(self, result: ExecResult) -> ExecResult:
        """Return ``result``, or if the command filled the disk a result that says it was killed (-9) for that."""
        if not self._check(0.0):
            return result
        self._full, self._allowed = False, max(self._limit, usage(self._folder) + _SLACK)
        note = f"{result.stderr}\n[killed: the workspace grew beyond {self._limit >> 20} MB]\n".lstrip()
        return replace(result, exit_code=-9, oom=False, stderr=note)

    def _check(self, pause: float) -> bool:
        began = time.monotonic()
        if not self._full and began >= self._next + pause:
            used = usage(self._folder)
            self._full = used > self._allowed
            self._allowed = max(self._limit, min(self._allowed, used + _SLACK))
            self._next = time.monotonic() + _REST * (time.monotonic() - began)
        return self._full
