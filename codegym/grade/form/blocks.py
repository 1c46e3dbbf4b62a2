"""Which checks of a C or JavaScript test are reached by everybody who passes it, as far as the text shows.

As in Python (:mod:`codegym.grade.form.certain`) a check in a branch, or in a callback that is given to the code
under test, proves nothing: other right code may not reach it, or may catch what it throws.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_BLANKED = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|^[ \t]*\#(?:\\\n|[^\n])*",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(r"[(){};\n]")
_GOES_ON = re.compile(r"\s*(?:(?:if|for|while|else|do|switch|catch)\b.*)?|.*[-+*/%&|?:=,<>.]\s*", re.DOTALL)
"""A beginning of a statement that a line's end does not end, where semicolons are left out."""
_GIVEN = (
    r"[^;]*;[^;]*[<>]=?\s*(?:\d|[A-Z][A-Z_0-9]*\b|(?:\(\w+\)\s*)?sizeof\b)"
    r"|[^;]*\bof\s+(?:\[|(?:Object\.\w+\(\s*)?[A-Z][A-Z_0-9]*\b)"
)
"""What a loop goes through that is written out in the test: to a number or constant, or along a list."""
_BRANCH = re.compile(rf"\b(?:if|else|switch|case|catch|try|default)\b|&&|\|\||\?|\b(?:for|while)\b(?!{_GIVEN})")
"""What may leave out what follows it: branches, and loops through anything else."""
_FUNCTION = re.compile(r"=>|\bfunction\b")
_RUN_AT_ONCE = re.compile(
    r"\b(?:test|it|describe|suite|context|before|after|beforeEach|afterEach|only)\s*\("
    r"|(?:\]|\b[A-Z][A-Z_0-9]*\)?)\.forEach\("
    r"|^\s*(?:export\s+)?(?:async\s+)?function\b|^\s*(?:export\s+)?(?:const|let|var)\s+\w+\s*=\s*(?:async\b)?|^\s*\(+\s*(?:async\b)?"
)
"""How a function is written that the test file itself runs: a test, a named helper, one that is called there."""


class Blocks:
    """The blocks in braces of a text."""

    def __init__(self, text: str) -> None:
        self._text = _BLANKED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        self._starts: list[int] = []
        self._sure: list[tuple[bool, int]] = []
        self._read()

    def certain(self, position: int) -> bool:
        """Return whether what stands at ``position`` is reached whenever what is around it runs."""
        return self._sure[self._number(position)][0] and _is_plain(self.head(position))

    def head(self, position: int) -> str:
        """Return what stands between the beginning of a statement and ``position`` in it."""
        return self._text[self._sure[self._number(position)][1] : position]

    def _number(self, position: int) -> int:
        return max(0, bisect_right(self._starts, position) - 1)

    def _read(self) -> None:
        """Note for each statement where it starts, and whether its block is reached."""
        stack: list[tuple[bool, int, int]] = []
        sure, depth, start = True, 0, 0
        self._note(start, sure)
        for mark in _MARK.finditer(self._text):
            sign = mark[0]
            if sign == "{":
                stack.append((sure, depth, start))
                sure, depth, start = sure and _is_plain(self._text[start : mark.start()]), 0, mark.end()
            elif sign == "}" and stack:
                sure, depth, start = stack.pop()
                start = start if depth else mark.end()
            elif depth == 0 and (sign == ";" or (sign == "\n" and not self._goes_on(start, mark.start()))):
                start = mark.end()
            else:
                depth += (sign == "(") - (sign == ")")
                continue
            self._note(mark.end(), sure, start)

    def _goes_on(self, start: int, end: int) -> bool:
        return _GOES_ON.fullmatch(self._text, start, end) is not None

    def _note(self, position: int, sure: bool, start: int | None = None) -> None:
        self._starts.append(position)
        self._sure.append((sure, position if start is None else start))


def _is_plain(head: str) -> bool:
    """Return whether what follows ``head``, the beginning of a statement, is run with it."""
    if _FUNCTION.search(head):
        return _RUN_AT_ONCE.search(head) is not None
    return _BRANCH.search(head) is None
