"""Matches paths with Docker's patterns, which occur in ``COPY``, ``--exclude`` and ``.dockerignore``.

They are Go's patterns, with ``**`` added. Docker's own package for Python ignores case and has no escapes, so it
would copy files that Docker does not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_PIECE = re.compile(r"\*\*/?|\*|\?|\[(?:\\.|[^\]\\])+\]|\\.|.", re.DOTALL)
_SPECIAL_IN_CLASS = re.compile(r"(?<!\\)[\[&~|]")
_WILD = re.compile(r"[*?\[\\]")


def is_pattern(text: str) -> bool:
    """Return whether ``text`` is a pattern, and not the name of one path."""
    return _WILD.search(text) is not None


def matches(pattern: str, path: str) -> bool:
    """Return whether ``path`` matches all of ``pattern``. Raises ValueError if that is not a valid pattern."""
    if pattern.startswith("**") and not is_pattern(pattern[2:]):
        return path.endswith(pattern[2:]) or f"/{path}" == pattern[2:]
    return _compiled(pattern).fullmatch(path) is not None


@dataclass(frozen=True)
class Exclusions:
    """Patterns in order: the last one that matches a path, or a folder above it, decides.

    As in Docker, a pattern that includes again applies only to what earlier patterns exclude, folder by folder.
    """

    patterns: tuple[tuple[str, bool], ...] = ()
    """Each pattern, and whether it excludes. Patterns that begin with ``!`` include again."""

    def __contains__(self, path: str) -> bool:
        """Return whether ``path`` is excluded."""
        parts, excluded = path.split("/"), False
        above = [False] * len(self.patterns)
        for count in range(1, len(parts) + 1):
            name, excluded = "/".join(parts[:count]), False
            for number, (pattern, excludes) in enumerate(self.patterns):
                above[number] = above[number] or (excludes != excluded and matches(pattern, name))
                excluded = excludes if above[number] else excluded
        return excluded


def read_exclusions(lines: Iterable[str]) -> Exclusions:
    """Read the lines of a ``.dockerignore``. Raises :class:`ValueError` for a pattern that Docker refuses."""
    patterns = []
    for line in lines:
        text = line.strip()
        if not text or line.startswith("#"):
            continue
        again = text.startswith("!")
        name = text.removeprefix("!").strip()
        if not name:
            raise ValueError(f"{line!r} has no pattern after the exclamation mark")
        pattern = posixpath.normpath(name.replace("//", "/"))
        pattern = pattern[1:] if len(pattern) > 1 and pattern.startswith("/") else pattern
        _compiled(pattern)
        patterns.append((pattern, not again))
    return Exclusions(tuple(patterns))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = _PIECE.findall(pattern)
    parts = [_part(piece, last=number == len(pieces)) for number, piece in enumerate(pieces, 1)]
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a valid pattern: {error}") from error


def _part(piece: str, *, last: bool) -> str:
    if piece.startswith("**"):
        return ".*" if last else "(?:.*/)?"
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece == "[":
        raise ValueError("a pattern has a [ that is not closed")
    if piece.startswith("["):
        return "[" + _SPECIAL_IN_CLASS.sub(r"\\\g<0>", piece[1:-1]) + "]"
    return re.escape(piece[1:] if len(piece) > 1 else piece)
