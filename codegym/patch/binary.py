"""Git's ``GIT binary patch`` literals: deflated bytes in base 85, 52 to a line.

Written without compression, so that equal files give equal patches whatever zlib is installed.
"""

from __future__ import annotations

import base64
import hashlib
import zlib

from codegym.patch.paths import PatchError

_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def blob_name(content: bytes) -> str:
    """Return the name that git gives to ``content``: the SHA-1 of the blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def literal(content: bytes) -> list[str]:
    """Return the lines of a literal that holds ``content``, without line ends; the last is empty."""
    packed = zlib.compress(content, 0)
    pieces = [packed[i : i + 52] for i in range(0, len(packed), 52)]
    lines = [_LENGTHS[len(piece) - 1] + base64.b85encode(piece, pad=True).decode() for piece in pieces]
    return [f"literal {len(content)}", *lines, ""]


def unpack(size: int, lines: list[str]) -> bytes:
    """Return the ``size`` bytes that a literal's ``lines`` hold. Raises :class:`PatchError` if they don't."""
    packed = b"".join(_line(line) for line in lines)
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(packed, size + 1)
    except zlib.error as error:
        raise PatchError(f"broken binary literal: {error}") from error
    if len(content) != size:
        raise PatchError(f"broken binary literal: it does not hold {size} bytes")
    return content


def _line(line: str) -> bytes:
    size = _LENGTHS.find(line[:1]) + 1
    try:
        piece = base64.b85decode(line[1:])
    except ValueError as error:
        raise PatchError(f"broken binary literal: {error}") from error
    if not size or not size <= len(piece) < size + 4:
        raise PatchError("broken binary literal: a line has the wrong length")
    return piece[:size]
