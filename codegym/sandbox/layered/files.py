"""Files of a box, handled by its runner as a process in the box would: with its user's rights, in its mounts."""

from __future__ import annotations

import errno
import os
import posixpath

from codegym.errors import SandboxError
from codegym.sandbox.layered.channel import GRACE_SECONDS, Channel
from codegym.sandbox.protocol import WORKDIR

_WRITE_BYTES_PER_SECOND = 1e7
"""How fast a box writes a file at least."""

_MESSAGE_BYTES = 1024
"""How much of the runner's output about a file is kept."""


def absolute(path: str) -> str:
    """Return the absolute form of a path in the box; relative paths start in the workspace."""
    return posixpath.join(WORKDIR, path)


def read_file(channel: Channel, path: str, most: int) -> bytes:
    """Read a file as a process in the box would.

    Raises ``OSError`` like :func:`open`, ``EFBIG`` above ``most`` bytes.
    """
    end = channel.run([absolute(path)], op="r", timeout=GRACE_SECONDS, keep=most)
    _raise_for(errno.EFBIG if end.truncated else end.code, path)
    return end.stdout


def write_file(channel: Channel, path: str, content: bytes, *, executable: bool) -> None:
    """Write a file and make its missing parents, as a process in the box would. Raises ``OSError``."""
    mode = "755" if executable else "644"
    seconds = GRACE_SECONDS + len(content) / _WRITE_BYTES_PER_SECOND
    end = channel.run([absolute(path), mode], op="w", stdin=content, timeout=seconds, keep=_MESSAGE_BYTES)
    _raise_for(end.code, path)


def remove_file(channel: Channel, path: str) -> None:
    """Delete a file as a process in the box would. Raises ``OSError``."""
    _raise_for(channel.run([absolute(path)], op="d", timeout=GRACE_SECONDS, keep=_MESSAGE_BYTES).code, path)


def _raise_for(code: int, path: str) -> None:
    if code < 0:
        raise SandboxError(f"the process that handled {path!r} in the box was killed (signal {-code})")
    if code > 0:
        raise OSError(code, os.strerror(code), path)
