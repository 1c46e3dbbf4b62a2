"""Reads files of ``/proc`` and of control groups quickly: to inspect a box that was returned takes a dozen."""

from __future__ import annotations

import os

_PIECE = 1 << 16


def read_kernel_file(path: str) -> str:
    """Return the content of a file of ``/proc`` or a control group. Raises :class:`OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = iter(lambda: os.read(descriptor, _PIECE), b"")
        return b"".join(pieces).decode(errors="surrogateescape")
    finally:
        os.close(descriptor)
