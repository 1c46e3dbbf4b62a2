"""Removes a reasoning model's thoughts from its answer before a dialect looks for calls.

Servers and chat templates differ in how much of a thought is in the answer: all of it, in tags; only its end, if
the template wrote the opening tag; only its beginning, if the answer was cut off. Tags inside a call are part of
the call: an edit may write a file that contains such tags.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator

Span = tuple[int, int]

FindCall = Callable[[str], Span | None]
"""Returns the span of the first complete call in a text, or ``None`` if there is none."""

_NAME = r"(?:\w+:)?(?:ant)?(?:think(?:ing)?|(?<!\w<)(?:thoughts?|reasoning|reflection|scratchpad))"
"""The names of such tags. In ``List<Thought>`` the name is a type, not a tag."""

_TAG = re.compile(
    rf"<\s*(?P<end>/)?\s*{_NAME}(?:\s[^<>]*?)?(?P<empty>/)?\s*>"  # <think>, <seed:think>, <thinking mode="x">
    rf"|<\|(?:(?P<end_word>/|end_(?:of_)?)|begin_(?:of_)?|start_)?{_NAME}\|>"  # <|begin_of_thought|>
    r"|\[(?P<end_bracket>/)?(?-i:THINK)\]|◁(?P<end_triangle>/)?think▷",
    re.IGNORECASE,
)
"""The tags around thoughts as models write them; closing tags match one of the groups ``end…``."""

_QUOTES = ("`", '"', "'")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def without_thoughts(text: str, find_call: FindCall) -> str:
    """Return ``text`` with each thought replaced by a line break.

    A thought ends at its closing tag (thoughts may be nested), or else at the end of the text. A closing tag
    without an opening one ends a thought that the chat template opened. Tags do not count in a complete call, in
    quotes, and in a code block that contains neither a closing tag nor a call.
    """
    if _TAG.search(text) is None:
        return text
    parts: list[str] = []
    listings, at = _listings(text, find_call), 0
    while tag := next((tag for tag in _tags(text, at) if not _is_within(tag, listings)), None):
        call = find_call(text[at:])
        if call is not None and at + call[0] < tag.start():
            parts.append(text[at : at + call[1]])
            at += call[1]
        elif _closes(tag):
            parts, at = [], tag.end()
        else:
            parts.append(text[at : tag.start()] + "\n")
            at = _end_of_thought(text, tag)
    return "".join([*parts, text[at:]])


def opened_thought(prompt: str) -> str:
    """Return the opening tag if ``prompt`` ends with one, so that the answer starts in a thought; or empty."""
    *_, last = [None, *_TAG.finditer(prompt)]
    if last is None or last["empty"] or _closes(last) or prompt[last.end() :].strip():
        return ""
    return last[0]


def is_thought_tag(text: str) -> bool:
    """Return whether ``text`` is a tag that begins or ends a thought."""
    return _TAG.fullmatch(text) is not None


def _closes(tag: re.Match[str]) -> bool:
    return any(tag[name] for name in ("end", "end_word", "end_bracket", "end_triangle"))


def _tags(text: str, start: int) -> Iterator[re.Match[str]]:
    """Yield the tags from ``start`` on, except quoted ones."""
    return (tag for tag in _TAG.finditer(text, start) if not _is_quoted(text, tag))


def _is_quoted(text: str, tag: re.Match[str]) -> bool:
    before, after = text[max(0, tag.start() - 1) : tag.start()], text[tag.end() : tag.end() + 1]
    return before in _QUOTES and before == after


def _is_within(tag: re.Match[str], spans: list[Span]) -> bool:
    at = bisect(spans, (tag.start(),)) - 1
    return at >= 0 and tag.start() < spans[at][1]


def _listings(text: str, find_call: FindCall) -> list[Span]:
    """Return the code blocks that contain neither a closing tag nor a call."""
    blocks = ((start, end, text[start:end]) for start, end in _code_blocks(text))
    return [
        (start, end)
        for start, end, block in blocks
        if not any(_closes(tag) for tag in _tags(block, 0)) and find_call(block) is None
    ]


def _code_blocks(text: str) -> Iterator[Span]:
    start, fence, at = -1, "", 0
    for line in text.split("\n"):
        if start < 0 and (match := _FENCE.match(line)):
            start, fence = at, match[1]
        elif start >= 0 and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            yield start, at + len(line)
            start = -1
        at += len(line) + 1


def _end_of_thought(text: str, opening: re.Match[str]) -> int:
    depth = 0
    for tag in _tags(text, opening.start()):
        depth += -1 if _closes(tag) else not tag["empty"]
        if depth == 0:
            return tag.end()
    return len(text)
