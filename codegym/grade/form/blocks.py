"""Finds the statements of a C or JavaScript test that every right solution reaches, as far as braces show them.

As in Python (:mod:`codegym.grade.form.certain`), a check proves nothing in a branch or in a callback for the code
under test: another right solution may not reach it, or may catch what it throws.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_COMMENT_OR_TEXT = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|^[ \t]*\#(?:\\\n|[^\n])*",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(r"[(){};\n]")
_CONTINUES = re.compile(r"\s*(?:(?:if|for|while|else|do|switch|catch)\b.*)?|.*[-+*/%&|?:=,<>.]\s*", re.DOTALL)
"""The beginning of a statement that goes on in the next line, in JavaScript without semicolons."""
_FIXED_TURNS = (
    r"[^;]*;[^;]*[<>]=?\s*(?:\d|[A-Z][A-Z_0-9]*\b|(?:\(\w+\)\s*)?sizeof\b)"
    r"|[^;]*\bof\s+(?:\[|(?:Object\.\w+\(\s*)?[A-Z][A-Z_0-9]*\b)"
)
"""The head of a loop whose number of turns is written in the test: up to a number or constant, or over a list."""
_BRANCH = re.compile(
    rf"\b(?:if|else|switch|case|catch|try|default)\b|&&|\|\||\?|\b(?:for|while)\b(?!{_FIXED_TURNS})"
)
"""Text after which code may be skipped: branches, and loops with an unknown number of turns."""
_FUNCTION = re.compile(r"=>|\bfunction\b")
_RUN_AT_ONCE = re.compile(
    r"\b(?:test|it|describe|suite|context|before|after|beforeEach|afterEach|only)\s*\("
    r"|(?:\]|\b[A-Z][A-Z_0-9]*\)?)\.forEach\("
    r"|^\s*(?:export\s+)?(?:async\s+)?function\b|^\s*(?:export\s+)?(?:const|let|var)\s+\w+\s*=\s*(?:async\b)?|^\s*\(+\s*(?:async\b)?"
)
"""A function that the test file runs itself: a test, a named helper, or one that is called where it is written."""


def without_texts(text: str) -> str:
    """Return ``text`` with spaces in place of comments and of what is in quotes."""
    return _COMMENT_OR_TEXT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


class Blocks:
    """Splits a text into statements and blocks in braces."""

    def __init__(self, text: str) -> None:
        self._text = without_texts(text)
        self._starts: list[int] = []
        self._statements: list[tuple[bool, int]] = []
        """For each of ``_starts``: whether the block around it is always run, and where its statement begins."""
        self._read()

    def is_certain(self, position: int) -> bool:
        """Return whether the code at ``position`` is always reached when its test or helper runs."""
        return self._statements[self._number(position)][0] and _is_always_run(self.statement_head(position))

    def statement_head(self, position: int) -> str:
        """Return the text between the beginning of a statement and ``position`` in it."""
        return self._text[self._statements[self._number(position)][1] : position]

    def _number(self, position: int) -> int:
        """Return the index of the statement that contains ``position``."""
        return max(0, bisect_right(self._starts, position) - 1)

    def _read(self) -> None:
        """Fill ``_starts`` and ``_statements``."""
        stack: list[tuple[bool, int, int]] = []
        certain, depth, start = True, 0, 0
        self._add_statement(start, certain)
        for mark in _MARK.finditer(self._text):
            sign = mark[0]
            if sign == "{":
                stack.append((certain, depth, start))
                certain, depth, start = certain and _is_always_run(self._text[start : mark.start()]), 0, mark.end()
            elif sign == "}" and stack:
                certain, depth, start = stack.pop()
                start = start if depth else mark.end()
            elif depth == 0 and (sign == ";" or (sign == "\n" and not self._continues(start, mark.start()))):
                start = mark.end()
            else:
                depth += (sign == "(") - (sign == ")")
                continue
            self._add_statement(mark.end(), certain, start)

    def _continues(self, start: int, end: int) -> bool:
        """Return whether the statement that begins at ``start`` goes on after the end of a line at ``end``."""
        return _CONTINUES.fullmatch(self._text, start, end) is not None

    def _add_statement(self, position: int, certain: bool, start: int | None = None) -> None:
        """Add the code from ``position`` on, and whether it is ``certain`` to be reached.

        It belongs to the statement that began at ``start``; without ``start``, a statement begins at ``position``.
        """
        self._starts.append(position)
        self._statements.append((certain, position if start is None else start))


def _is_always_run(statement_head: str) -> bool:
    """Return whether the code after ``statement_head`` is always run with its statement: it is in no branch."""
    if _FUNCTION.search(statement_head):
        return _RUN_AT_ONCE.search(statement_head) is not None
    return _BRANCH.search(statement_head) is None
