"""Sources that are not UTF-8: their operators work on text, and every other byte has to stay as it is."""

from __future__ import annotations


def encoding_of(source: bytes) -> str:
    """Return an encoding in which ``source`` can be read and written back byte by byte.

    That is UTF-8, or else Latin-1, which gives every byte a character, whatever the source itself declares.
    """
    try:
        source.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def text_of_source(source: bytes) -> str:
    """Return ``source`` as text, decoded by :func:`encoding_of`."""
    return source.decode(encoding_of(source))
