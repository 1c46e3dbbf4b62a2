"""Removes single tests from the text of a JavaScript test file, without a parser.

A test is a call of ``test`` or ``it`` that begins a line without indentation. Where brackets do not show its end,
it is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from codegym.errors import TaskError
from codegym.grade.form.blocks import without_texts

_TEST = re.compile(
    r"^(?:await\s+)?(?:test|it)\(\s*(?P<quote>[\"'`])(?P<name>(?:(?!(?P=quote))[^\\\n])*)(?P=quote)", re.MULTILINE
)
_REST = re.compile(r"[ \t]*;?[ \t]*(?:\n|\Z)\n*")


def without_tests(content: bytes, names: Collection[str]) -> bytes:
    """Return a test file without the tests ``names``. Raises TaskError if one is missing."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise TaskError(f"tests can't be removed from a file that is not UTF-8: {error}") from error
    spans = _spans(text)
    for name in names:
        if name not in spans:
            raise TaskError(f"there is no test {name!r} at the top of the file")
    for start, end in sorted((spans[name] for name in {*names}), reverse=True):
        text = text[:start] + text[end:]
    return text.encode()


def _spans(text: str) -> dict[str, tuple[int, int]]:
    """Map the name of each test to where it begins and ends; names that occur twice are left out."""
    code = without_texts(text)
    spans: dict[str, tuple[int, int]] = {}
    twice: set[str] = set()
    for match in _TEST.finditer(text):
        end = _closing(code, text.index("(", match.start()))
        rest = _REST.match(text, end) if end else None
        if rest is None:
            continue
        name = match["name"]
        twice |= {name} & {*spans}
        spans[name] = match.start(), rest.end()
    return {name: span for name, span in spans.items() if name not in twice}


def _closing(code: str, opening: int) -> int:
    """Return the offset after the bracket that closes the one at ``opening``; 0 if there is none."""
    depth = 0
    for offset in range(opening, len(code)):
        depth += (code[offset] in "([{") - (code[offset] in ")]}")
        if depth == 0:
            return offset + 1
    return 0
