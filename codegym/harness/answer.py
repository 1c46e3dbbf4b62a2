"""The line in which a program of ours in the box reports: a nonce that only it knew, then what it saw.

Whoever steals the nonce can write such a line as well. So reading one is bounded in bytes and in values before
anything is made of it: each ``{}`` of three bytes would be an object of seventy here.
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
"""The most that our supervisor hears from a run, and what it adds itself."""
_MOST_PARTS = 1_500_000
"""A test makes some twenty."""
_MOST_DIGITS = 18
_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[,:[{]', re.DOTALL)
"""A text, even one that does not end, or a mark before a value."""
_SURROGATE = re.compile(rb"\\u[dD]")


def read_answer(stdout: str, nonce: str) -> Any:
    """Return the JSON value behind ``nonce`` in ``stdout``, or ``None`` if there is not exactly one.

    Its texts can be written in any encoding of Unicode, whatever an agent's program puts into a message; its
    numbers have at most 18 digits. ``None`` too if it is larger than any report of ours.
    """
    _, *lines = f"\n{stdout}".split(f"\n{nonce} ")
    if len(lines) != 1:
        return None
    try:
        return _parsed(_unpacked(lines[0].partition("\n")[0]))
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return None


def _unpacked(line: str) -> bytes:
    deflated = zlib.decompressobj()
    text = deflated.decompress(base64.b64decode(line, validate=True), _MOST_BYTES)
    if not deflated.eof:
        raise ValueError("larger than any report, or cut short")
    return text


def _parsed(text: bytes) -> Any:
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


def check_started(done: ExecResult, program: str) -> None:
    """Raise :class:`GradeError` if our own ``program`` could not be started: the image's fault, not the tests'."""
    if done.exit_code in (126, 127):
        raise GradeError(f"{program} could not be started in the box: {done.stderr.strip() or done.exit_code}")
