"""Reads the line in which a program of ours reports from the box: a secret nonce, then the packed results.

Code in the box that steals the nonce can write such a line as well. So the line's bytes and values are limited
before it is parsed: ``{},`` takes three bytes in the text and seventy as a Python object.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from itertools import islice
from typing import Any

from codegym.errors import GradeError
from codegym.sandbox.protocol import ExecResult

_MOST_BYTES = 33 << 20
"""A little more than a supervisor accepts from a run (32 MiB), since it adds facts of its own."""
_MOST_PARTS = 1_500_000
"""The most values in a report. A test adds about twenty."""
_MOST_DIGITS = 18
_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[,:[{]', re.DOTALL)
"""Matches a string, even an unterminated one, or a character that precedes a value."""
_SURROGATE = re.compile(rb"\\u[dD]")


def read_answer(stdout: str, nonce: str) -> Any:
    """Return the JSON value after ``nonce`` in ``stdout``, or ``None`` if there is not exactly one valid value.

    Lone surrogates in its strings are replaced. A number of more than 18 digits makes it invalid, as does a size
    that no report of ours has.
    """
    _, *lines = f"\n{stdout}".split(f"\n{nonce} ")
    if len(lines) != 1:
        return None
    try:
        return parse_json(_unpack(lines[0].partition("\n")[0]))
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return None


def _unpack(line: str) -> bytes:
    deflated = zlib.decompressobj()
    text = deflated.decompress(base64.b64decode(line, validate=True), _MOST_BYTES)
    if not deflated.eof:
        raise ValueError("larger than any report, or cut short")
    return text


def parse_json(text: bytes) -> Any:
    """Return the JSON value in ``text``. Raises ``ValueError`` if it has more values or digits than any report."""
    if any(islice(_PART.finditer(text), _MOST_PARTS, None)):
        raise ValueError("more values than any report has")
    value = json.loads(text, parse_int=_integer)
    if _SURROGATE.search(text):
        value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number that no report has")
    return int(digits)


def check_started(result: ExecResult, program: str) -> None:
    """Raise :class:`GradeError` if ``program`` could not be started. That is the image's fault, not the tests'."""
    if result.exit_code in (126, 127):
        why = result.stderr.strip() or result.exit_code
        raise GradeError(f"{program} could not be started in the box (is it in the image?): {why}")
