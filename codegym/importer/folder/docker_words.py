"""Reads the words of a Dockerfile as its builder does: quotes, escapes and variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import translate

_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#]")


def expand(text: str, values: Mapping[str, str], escape: str = "\\") -> str:
    """Return ``text`` without quotes and escapes, and with ``$NAME``, ``${NAME:-word}`` and the like replaced.

    A variable without a value is empty. Raises :class:`ValueError` if a quote or brace is not closed, or if an
    operator is not known.
    """
    return _WordReader(text, values, escape).until("")


def expand_document(text: str, values: Mapping[str, str], escape: str = "\\") -> str:
    """Return a here-document's text with its variables replaced by their values. Quotes stay."""
    return _WordReader(text, values, escape, raw=True).until("")


def split_words(text: str, escape: str = "\\") -> list[str]:
    """Split a line into words, which keep their quotes and escapes."""
    safe = re.escape(escape)
    return re.findall(rf"(?:{safe}.|'[^']*'|\"(?:{safe}.|[^\"{safe}])*\"|[^\s])+", text, re.DOTALL)


class _WordReader:
    """Reads a text once from start to end. With ``raw``, quotes are ordinary characters."""

    def __init__(self, text: str, values: Mapping[str, str], escape: str, *, raw: bool = False) -> None:
        self._text, self._values, self._escape, self._raw = text, values, escape, raw
        self._at = 0

    def until(self, stop: str) -> str:
        """Read up to and including ``stop``; if that is empty, up to the end. Return the text before it."""
        parts: list[str] = []
        while self._at < len(self._text):
            char = self._next()
            if char == stop:
                return "".join(parts)
            parts.append(self._piece(char))
        if stop:
            raise ValueError(f"{self._text!r} has no closing {stop}")
        return "".join(parts)

    def _piece(self, char: str) -> str:
        if char == "$":
            return self._variable()
        if char == self._escape:
            after = self._next()
            return char + after if self._raw and after not in ("$", self._escape) else after
        if char == "'" and not self._raw:
            return self._literal()
        if char == '"' and not self._raw:
            return self._quoted()
        return char

    def _literal(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise ValueError(f"{self._text!r} has no closing '")
        text, self._at = self._text[self._at : end], end + 1
        return text

    def _quoted(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            char = self._next()
            if char == '"':
                return "".join(parts)
            if char == self._escape and self._text[self._at : self._at + 1] in ('"', "$", self._escape):
                char = self._next()
            elif char == "$":
                char = self._variable()
            parts.append(char)
        raise ValueError(f'{self._text!r} has no closing "')

    def _variable(self) -> str:
        braces = self._text.startswith("{", self._at)
        name = _NAME.match(self._text, self._at + braces)
        if name is None:
            if braces:
                raise ValueError(f"{self._text!r} names no variable in its braces")
            return "$"
        self._at = name.end()
        if not braces:
            return self._values.get(name[0], "")
        sign = self._next()
        return self._values.get(name[0], "") if sign == "}" else self._changed(name[0], sign)

    def _changed(self, name: str, sign: str) -> str:
        value = self._values.get(name)
        if sign in "#%" and sign:
            whole = self._text.startswith(sign, self._at)
            self._at += whole
            return _trimmed(value or "", self.until("}"), sign, longest=whole)
        if sign == ":":
            sign, value = self._next(), value or None
        other = self.until("}")
        if sign == "-":
            return other if value is None else value
        if sign == "+":
            return "" if value is None else other
        if sign == "?" and value is not None:
            return value
        raise ValueError(f"{self._text!r}: {name} has no value, or the operator {sign!r} is not known")

    def _next(self) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1
        return char


def _trimmed(value: str, pattern: str, sign: str, *, longest: bool) -> str:
    """Return ``value`` without the text that ``pattern`` matches at its start (``#``) or at its end (``%``)."""
    matcher = re.compile(translate(pattern))
    cuts = range(len(value) + 1)
    if sign == "#":
        ends = [cut for cut in cuts if matcher.match(value[:cut])]
        return value[ends[-1 if longest else 0] :] if ends else value
    starts = [cut for cut in cuts if matcher.match(value[cut:])]
    return value[: starts[0 if longest else -1]] if starts else value
