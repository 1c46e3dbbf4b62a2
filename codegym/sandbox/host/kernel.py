"""What the kernel says in files of its own, read as quickly as may be: for a box that is given back, a dozen."""

from __future__ import annotations

import os

_PIECE = 1 << 16


def told(path: str) -> str:
    """Return what a file of ``/proc`` or a control group says. Raises :class:`OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = iter(lambda: os.read(descriptor, _PIECE), b"")
        return b"".join(pieces).decode(errors="surrogateescape")
    finally:
        os.close(descriptor)
