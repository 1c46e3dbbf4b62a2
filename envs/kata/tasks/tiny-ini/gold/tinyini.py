"""A small, strict reader of INI files. Strict, because a typo in a boat's autopilot settings should be loud."""

from __future__ import annotations

import re

_BLANKS = " \t"
_COMMENT = re.compile(r"[ \t][#;].*", re.DOTALL)
_REST = re.compile(r"[ \t]*(?:[#;].*)?", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}


class IniError(ValueError):
    """The text is not a valid INI file; ``line`` is the number of the offending line, counted from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


def parse(text: str) -> dict[str, dict[str, str]]:
    """Return the sections of ``text``: section name -> key -> value. FORMAT.md describes the format."""
    sections: dict[str, dict[str, str]] = {}
    name = ""
    open_key: str | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        stripped = line.strip(_BLANKS)
        if not stripped or stripped[0] in "#;":
            open_key = None
        elif open_key is not None and line[0] in _BLANKS:
            sections[name][open_key] += "\n" + _plain(line)
        elif stripped[0] == "[":
            name, open_key = _section(stripped, number), None
            sections.setdefault(name, {})
        else:
            key, value, quoted = _entry(stripped, number)
            section = sections.setdefault(name, {})
            if key in section:
                raise IniError(number, f"key {key!r} occurs twice")
            section[key] = value
            open_key = None if quoted else key
    return sections


def _section(line: str, number: int) -> str:
    name, bracket, rest = line[1:].partition("]")
    name = name.strip(_BLANKS)
    if not bracket or not name:
        raise IniError(number, "a section needs a name in brackets")
    if not _REST.fullmatch(rest):
        raise IniError(number, "text after a section's name")
    return name


def _entry(line: str, number: int) -> tuple[str, str, bool]:
    key, equals, value = line.partition("=")
    key = key.strip(_BLANKS).lower()
    if not equals or not key:
        raise IniError(number, "expected 'key = value'")
    if value.lstrip(_BLANKS).startswith('"'):
        return key, _quoted(value.lstrip(_BLANKS), number), True
    return key, _plain(value), False


def _plain(text: str) -> str:
    return _COMMENT.sub("", text).strip(_BLANKS)


def _quoted(text: str, number: int) -> str:
    value: list[str] = []
    characters = iter(range(1, len(text)))
    for index in characters:
        character = text[index]
        if character == '"':
            if not _REST.fullmatch(text[index + 1 :]):
                raise IniError(number, "text after a quoted value")
            return "".join(value)
        if character == "\\":
            escape = text[index + 1 : index + 2]
            if escape not in _ESCAPES:
                raise IniError(number, "unknown escape in a quoted value")
            character = _ESCAPES[escape]
            next(characters)
        value.append(character)
    raise IniError(number, "a quoted value is not closed")
