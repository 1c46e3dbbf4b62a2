"""Gets files out of a box through its output: packed in the box (gzip, base64, one line each) and unpacked here.

A report is long, and a box's output is limited. What comes out of a box is not trusted: its size is limited before
it is unpacked.
"""

from __future__ import annotations

import base64
import binascii
import zlib

MOST_BYTES = 32 << 20
"""The largest file, unpacked."""
PACK = 'gzip -c <"$report" | base64 | tr -d "\\n"'
"""A shell command that prints the file ``$report`` in packed form, without the end of the line."""


class UnreadableError(Exception):
    """A packed file is missing, cut off or too large."""


def unpack(line: str) -> bytes:
    """Return the file in a ``line`` that :data:`PACK` printed. Raises :class:`UnreadableError`."""
    if not line:
        raise UnreadableError("there is none")
    inflate = zlib.decompressobj(wbits=31)
    try:
        content = inflate.decompress(base64.b64decode(line, validate=True), MOST_BYTES)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise UnreadableError(str(error)) from error
    if not inflate.eof:
        raise UnreadableError(f"it is cut off, or larger than {MOST_BYTES >> 20} MB")
    return content
