"""Makes text bounded and printable before an agent sees it: long output keeps its head and its tail.

Output of a box may contain terminal escapes, carriage returns and lone surrogates. They are removed, so that an
observation has the same characters in a log, in a tokenizer and in a Gymnasium space.
"""

from __future__ import annotations

import re
from typing import Any

OUTPUT_CHARS = 8_000
"""The most characters of one tool's output in an observation."""

LINE_CHARS = 400
"""The most characters of one line in an observation."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Return ``text`` without terminal escapes and control characters other than newline and tab."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


def whole(value: Any, levels: int = 100) -> Any:
    """Return a JSON value in which a replacement character stands for each lone half of a surrogate pair.

    JSON can contain such halves (``\\ud83d``), but no file or stream can be written with them. Raises
    ``RecursionError`` for a value that is nested more than ``levels`` deep.
    """
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if not isinstance(value, list | dict):
        return value
    if not levels:
        raise RecursionError("nested too deeply")
    if isinstance(value, list):
        return [whole(item, levels - 1) for item in value]
    return {whole(name): whole(item, levels - 1) for name, item in value.items()}


def cut(text: str, limit: int = OUTPUT_CHARS) -> str:
    """Return ``text``, or about ``limit`` characters of its head and tail around a note of what is left out.

    The cut is between lines if they are short enough; two thirds of the characters are from the head.
    """
    if len(text) <= limit:
        return text
    head, tail = text[: limit * 2 // 3], text[-(limit // 3) :]
    if "\n" in head[-LINE_CHARS:]:
        head = head[: head.rindex("\n") + 1]
    if "\n" in tail[:LINE_CHARS]:
        tail = tail[tail.index("\n") + 1 :]
    left_out = text[len(head) : len(text) - len(tail)]
    lines = left_out.count("\n")
    note = f"[… {lines} lines left out …]" if lines else f"[… {len(left_out)} characters left out …]"
    return f"{head.rstrip()}\n{note}\n{tail}"


def cut_line(line: str, limit: int = LINE_CHARS) -> str:
    """Return one line; if it is too long, its first ``limit`` characters and a note of what is left out."""
    return line if len(line) <= limit else f"{line[:limit]}[… {len(line) - limit} characters left out]"


def clip(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of ``text``; an ellipsis marks a cut."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"
