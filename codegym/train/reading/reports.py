"""Why a test fails, as pytest says it, without running pytest.

The sentences are pytest's for a plain ``assert call == value``, as far as an agent of the line dialect sees them:
two lines that are not empty.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from difflib import ndiff
from itertools import islice
from reprlib import Repr

_COMPARED_CHARS, _VALUE_CHARS = 30, 240
"""Characters that pytest shows of a compared value, and of any other."""
_SHARED_CHARS, _CONTEXT = 42, 10
"""If two texts share more characters at their start or end, pytest leaves these out except for some."""


class _Shortened(Repr):
    """The representation of values in pytest's messages."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.maxstring = self.maxother = self._most = most

    def repr(self, x: object) -> str:
        text = super().repr(x)
        if len(text) <= self._most:
            return text
        head = (self._most - 3) // 2
        return f"{text[:head]}...{text[len(text) - (self._most - 3 - head) :]}"

    def repr_dict(self, x: Mapping[object, object], level: int) -> str:
        """Represent a dictionary in its own order."""
        if x and level <= 0:
            return "{...}"
        pairs = [f"{self.repr1(k, level - 1)}: {self.repr1(x[k], level - 1)}" for k in islice(x, self.maxdict)]
        return "{" + ", ".join([*pairs, *(["..."] if len(x) > self.maxdict else [])]) + "}"


_compared_text, _value_text = _Shortened(_COMPARED_CHARS).repr, _Shortened(_VALUE_CHARS).repr


def call_text(call: ast.expr) -> str:
    """Return a call as pytest writes it: a method without its object, values shortened."""
    if not isinstance(call, ast.Call):
        return ast.unparse(call)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    return f"{name}({', '.join(_source_text(argument) for argument in call.args)})"


def comparison(call: str, result: object, expected: object) -> str:
    """Return pytest's message about ``assert call == expected``, where ``result`` came."""
    details = list(_details(result, expected))
    if details:
        lines = [
            f"assert {_compared_text(result)} == {_compared_text(expected)}",
            *(f"  {line}" for line in details),
        ]
    else:
        lines = [
            f"assert {_value_text(result)} == {_value_text(expected)}",
            f" +  where {_value_text(result)} = {call}",
        ]
    message = "\n".join(lines)
    is_quoted_otherwise = "'" in message and '"' not in message
    return f"AssertionError: {message}" if is_quoted_otherwise else message


def _source_text(argument: ast.expr) -> str:
    try:
        return _value_text(ast.literal_eval(argument))
    except ValueError:
        return ast.unparse(argument)


def _details(left: object, right: object) -> Iterator[str]:
    """Yield what follows the compared values; nothing if pytest has nothing to add."""
    if isinstance(left, str) and isinstance(right, str):
        yield from _text_details(left, right)
        return
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        yield from _sequence_details(left, right)
    elif isinstance(left, AbstractSet) and isinstance(right, AbstractSet):
        for side, extra in (("left", left - right), ("right", right - left)):
            yield from ([f"Extra items in the {side} set:", *map(_value_text, extra)] if extra else [])
    elif isinstance(left, Mapping) and isinstance(right, Mapping):
        yield from _mapping_details(left, right)
    if _is_collection(left) and _is_collection(right):
        yield "Use -v to get more diff"


def _is_collection(value: object) -> bool:
    return isinstance(value, (list, tuple, AbstractSet, Mapping))


def _text_details(left: str, right: str) -> Iterator[str]:
    shared = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), -1)
    shared = shared if shared >= 0 else max(0, min(len(left), len(right)) - 1)
    if shared > _SHARED_CHARS:
        yield f"Skipping {shared - _CONTEXT} identical leading characters in diff, use -v to show"
        left, right = left[shared - _CONTEXT :], right[shared - _CONTEXT :]
    if len(left) == len(right):
        ends = enumerate(zip(reversed(left), reversed(right), strict=True), 1)
        shared = next((n for n, (a, b) in ends if a != b), 0)
        if shared > _SHARED_CHARS:
            yield f"Skipping {shared - _CONTEXT} identical trailing characters in diff, use -v to show"
            left, right = left[: _CONTEXT - shared], right[: _CONTEXT - shared]
    if left.isspace() or right.isspace():
        left, right = repr(left), repr(right)
        yield "Strings contain only whitespace, escaping them using repr()"
    for line in ndiff(right.splitlines(keepends=True), left.splitlines(keepends=True)):
        yield line.strip("\n")


def _sequence_details(left: Sequence[object], right: Sequence[object]) -> Iterator[str]:
    pairs = enumerate(zip(left, right, strict=False))
    different = next(((n, a, b) for n, (a, b) in pairs if a != b), None)
    if different is not None:
        yield f"At index {different[0]} diff: {different[1]!r} != {different[2]!r}"
    more = abs(len(left) - len(right))
    if more:
        side, longer = ("Left", left) if len(left) > len(right) else ("Right", right)
        first = _value_text(longer[min(len(left), len(right))])
        many = "one more item" if more == 1 else f"{more} more items, first extra item"
        yield f"{side} contains {many}: {first}"


def _mapping_details(left: Mapping[object, object], right: Mapping[object, object]) -> Iterator[str]:
    common = [key for key in left if key in right]
    different = [key for key in common if left[key] != right[key]]
    if len(common) > len(different):
        yield f"Omitting {len(common) - len(different)} identical items, use -vv to show"
    if different:
        yield "Differing items:"
        yield from (f"{_value_text({key: left[key]})} != {_value_text({key: right[key]})}" for key in different)
    for side, one, other in (("Left", left, right), ("Right", right, left)):
        extra = {key: one[key] for key in one if key not in other}
        if extra:
            yield f"{side} contains {len(extra)} more item{'' if len(extra) == 1 else 's'}:"
            yield repr(extra)
