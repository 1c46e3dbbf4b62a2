"""Git's ``GIT binary patch``: zlib-compressed literals and deltas in base 85, 52 bytes per line.

Patches are written with literals only, at compression level 0, so that equal files give equal patches with any
version of zlib. Deltas are read as well, since ``git diff --binary`` writes them if they are shorter.
"""

from __future__ import annotations

import base64
import hashlib
import zlib

from codegym.patch.paths import PatchError

MOST_BYTES = 64 << 20
"""The most bytes of all binary files in one patch. A larger declared size is refused before decompression."""
_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def blob_name(content: bytes) -> str:
    """Return git's name for ``content``: the SHA-1 of the blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def literal(content: bytes) -> list[str]:
    """Return the lines of a literal with ``content``, without line ends; the last is empty."""
    packed = zlib.compress(content, 0)
    pieces = [packed[i : i + 52] for i in range(0, len(packed), 52)]
    lines = [_LENGTHS[len(piece) - 1] + base64.b85encode(piece, pad=True).decode() for piece in pieces]
    return [f"literal {len(content)}", *lines, ""]


def unpack(size: int, lines: list[str]) -> bytes:
    """Return the ``size`` bytes in a literal's ``lines``. Raises :class:`PatchError` if the size differs."""
    packed = b"".join(_line(line) for line in lines)
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(packed, size + 1)
    except zlib.error as error:
        raise PatchError(f"broken binary literal: {error}") from error
    if len(content) != size:
        raise PatchError(f"broken binary literal: it does not contain {size} bytes")
    return content


def apply_delta(delta: bytes, before: bytes) -> bytes:
    """Apply ``delta``, in the format of git's packs, to ``before``. Raises :class:`PatchError`."""
    try:
        source, at = _number(delta, 0)
        size, at = _number(delta, at)
        if source != len(before) or size > MOST_BYTES:
            raise PatchError(f"broken binary delta: it makes {size} bytes of {source}")
        result = bytearray()
        while at < len(delta) and len(result) <= size:
            piece, at = _piece(delta, at, before)
            result += piece
    except IndexError:
        raise PatchError("broken binary delta: it ends too early") from None
    if len(result) != size:
        raise PatchError(f"broken binary delta: it does not make {size} bytes")
    return bytes(result)


def _piece(delta: bytes, at: int, before: bytes) -> tuple[bytes, int]:
    """Return the bytes that the instruction at ``at`` adds, and the position of the next one."""
    code, at = delta[at], at + 1
    if not code & 0x80:
        if not code or at + code > len(delta):
            raise PatchError("broken binary delta: an unknown instruction")
        return delta[at : at + code], at + code
    values = [0, 0]
    for bit in range(7):
        if code & 1 << bit:
            values[bit > 3] |= delta[at] << 8 * (bit % 4)
            at += 1
    start, size = values[0], values[1] or 0x10000
    if start + size > len(before):
        raise PatchError("broken binary delta: it copies bytes past the end")
    return before[start : start + size], at


def _number(delta: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while delta[at] & 0x80:
        value |= (delta[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | delta[at] << shift, at + 1


def _line(line: str) -> bytes:
    size = _LENGTHS.find(line[:1]) + 1
    try:
        piece = base64.b85decode(line[1:])
    except ValueError as error:
        raise PatchError(f"broken binary literal: {error}") from error
    if not size or not size <= len(piece) < size + 4:
        raise PatchError("broken binary literal: a line has the wrong length")
    return piece[:size]
