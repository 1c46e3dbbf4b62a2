"""Why a test fails, as pytest says it, without running pytest.

The sentences are pytest's for a plain ``assert call == value``. A policy that has read them knows their form; the
episodes that it is warmed up with are real ones.
"""

from __future__ import annotations

from collections.abc import Sequence

_WIDEST = 30
"""Characters of a compared value that pytest shows."""


def comparison(call: str, result: object, expected: object) -> str:
    """Return pytest's message about ``assert call == expected``, where ``result`` came."""
    if isinstance(result, (list, tuple)) and isinstance(expected, type(result)):
        message = f"assert {_shortened(result)} == {_shortened(expected)}{_index(result, expected)}"
    elif isinstance(result, str) and isinstance(expected, str):
        message = f"assert {_shortened(result)} == {_shortened(expected)}\n  \n  - {expected}\n  + {result}"
    elif isinstance(result, dict) and isinstance(expected, dict):
        message = f"assert {_shortened(result)} == {_shortened(expected)}"
    else:
        message = f"assert {result!r} == {expected!r}\n +  where {result!r} = {call}"
    is_quoted_otherwise = "'" in message and '"' not in message
    return f"AssertionError: {message}" if is_quoted_otherwise else message


def _shortened(value: object) -> str:
    text = repr(value)
    if len(text) <= _WIDEST:
        return text
    head = (_WIDEST - 3) // 2
    return f"{text[:head]}...{text[len(text) - (_WIDEST - 3 - head) :]}"


def _index(result: Sequence[object], expected: Sequence[object]) -> str:
    pairs = enumerate(zip(result, expected, strict=False))
    different = next(((n, a, b) for n, (a, b) in pairs if a != b), None)
    return "" if different is None else f"\n  At index {different[0]} diff: {different[1]!r} != {different[2]!r}"
