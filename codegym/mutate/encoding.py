"""Reads sources that are not UTF-8: operators change the text, and all other bytes have to stay the same."""

from __future__ import annotations


def encoding_of(source: bytes) -> str:
    """Return an encoding in which ``source`` can be decoded and encoded again without changing a byte.

    This is UTF-8, or otherwise Latin-1, which has a character for every byte, whatever the source declares.
    """
    try:
        source.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def text_of_source(source: bytes) -> str:
    """Decode ``source`` with the encoding that :func:`encoding_of` returns."""
    return source.decode(encoding_of(source))
