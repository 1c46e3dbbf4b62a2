"""File names in patches: git's quotation, and the names that are refused.

A path in a patch comes from an agent. It must be inside the tree, and not in ``.git``.
"""

from __future__ import annotations

import os
import re

from codegym.errors import TaskError

_NAME_BYTES = 255
_PATH_BYTES = 4000
"""A little less than Linux allows, since the path is appended to other folders."""
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_BYTES = {letter: byte for byte, letter in _ESCAPES.items()}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")


class PatchError(TaskError):
    """A patch that can't be read or does not apply; the message names the patch's line or the file."""

    def __init__(self, message: str) -> None:
        super().__init__(message.encode(errors="backslashreplace").decode())


def quote(path: str) -> str:
    """Return ``path`` as git writes it: quoted and escaped if it contains anything except plain ASCII."""
    text = "".join(_escaped(byte) for byte in os.fsencode(path))
    return path if text == path else f'"{text}"'


def unquote(text: str) -> str:
    """Undo :func:`quote`. Raises :class:`PatchError` for a broken quotation."""
    if not text.startswith('"'):
        return text
    match = _QUOTED.fullmatch(text)
    if match is None:
        raise PatchError(f"badly quoted file name {text}")
    plain = _ESCAPE.sub(lambda escape: chr(_byte(escape[1])), match[1])
    try:
        return os.fsdecode(plain.encode("latin-1"))
    except UnicodeEncodeError:
        raise PatchError(f"badly quoted file name {text}") from None


def check_path(path: str) -> str:
    """Return ``path`` if a patch may name it.

    Raises :class:`PatchError` for absolute paths, ``..``, empty parts, ``.git``, NUL bytes, and for names longer
    than a file system allows.
    """
    parts = path.split("/")
    try:
        sizes = [len(os.fsencode(part)) for part in parts]
    except UnicodeEncodeError:
        raise PatchError(f"refused file name {path!r}: it contains half a character") from None
    if max(sizes) > _NAME_BYTES or sum(sizes) + len(parts) > _PATH_BYTES:
        raise PatchError(f"refused file name {path[:80]!r}…: it is longer than a file system allows")
    if not path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise PatchError(f"refused file name {path!r}: it must be inside the tree")
    if any(part.lower() == ".git" for part in parts):
        raise PatchError(f"refused file name {path!r}: .git is not part of the tree")
    return path


def may_be_named(path: str) -> bool:
    """Return whether :func:`check_path` accepts ``path``."""
    try:
        check_path(path)
    except PatchError:
        return False
    return True


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def _byte(escape: str) -> int:
    if len(escape) == 3:
        return int(escape, 8)
    if escape not in _BYTES:
        raise PatchError(f"unknown escape \\{escape} in a quoted file name")
    return _BYTES[escape]
