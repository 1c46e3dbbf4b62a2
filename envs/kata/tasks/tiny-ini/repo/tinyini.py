"""A small, strict reader of INI files. Strict, because a typo in a boat's autopilot settings should be loud."""

from __future__ import annotations


class IniError(ValueError):
    """The text is not a valid INI file; ``line`` is the number of the offending line, counted from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


def parse(text: str) -> dict[str, dict[str, str]]:
    """Return the sections of ``text``: section name -> key -> value. FORMAT.md describes the format."""
    raise NotImplementedError
