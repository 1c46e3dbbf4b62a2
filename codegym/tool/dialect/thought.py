"""Thoughts are not actions: what a reasoning model thinks is left out before a dialect looks for calls.

Servers and chat templates differ in how much of a thought reaches us: all of it in tags; only its end, where the
template wrote the opening tag; only its beginning, where the answer was cut off. A call's own text is the call's:
an edit may write a file that holds such tags.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator

Span = tuple[int, int]

FindCall = Callable[[str], Span | None]
"""Return where the first complete call in a text begins and ends, ``None`` if it holds none."""

_NAME = r"(?:\w+:)?(?:ant)?(?:think(?:ing)?|(?<!\w<)(?:thoughts?|reasoning|reflection|scratchpad))"
"""The names of such tags; ``List<Thought>`` is a type."""

_TAG = re.compile(
    rf"<\s*(?P<end>/)?\s*{_NAME}(?:\s[^<>]*?)?(?P<empty>/)?\s*>"  # <think>, <seed:think>, <thinking mode="x">
    rf"|<\|(?:(?P<end_word>/|end_(?:of_)?)|begin_(?:of_)?|start_)?{_NAME}\|>"  # <|begin_of_thought|>
    r"|\[(?P<end_bracket>/)?(?-i:THINK)\]|◁(?P<end_triangle>/)?think▷",
    re.IGNORECASE,
)
"""The tags around thoughts as models write them; the groups ``end…`` are there in closing ones."""

_QUOTES = ("`", '"', "'")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def without_thoughts(text: str, find_call: FindCall) -> str:
    """Return ``text`` with a line break in the place of each thought.

    A thought ends at its closing tag, counting those inside it; one that is not closed reaches to the end. A
    closing tag that nothing opened ends a thought that the chat template opened. No thoughts are tags in a
    complete call, in quotes, and in a code block that holds neither a closing tag nor a call.
    """
    if _TAG.search(text) is None:
        return text
    kept: list[str] = []
    listings, at = _listings(text, find_call), 0
    while tag := next((tag for tag in _tags(text, at) if not _is_within(tag, listings)), None):
        call = find_call(text[at:])
        if call is not None and at + call[0] < tag.start():
            kept.append(text[at : at + call[1]])
            at += call[1]
        elif _closes(tag):
            kept, at = [], tag.end()
        else:
            kept.append(text[at : tag.start()] + "\n")
            at = _end_of_thought(text, tag)
    return "".join([*kept, text[at:]])


def opened_thought(prompt: str) -> str:
    """Return the tag of the thought in which ``prompt`` ends, so that an answer begins in it; or nothing."""
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
    """Yield the tags from ``start`` on, without quoted ones."""
    return (tag for tag in _TAG.finditer(text, start) if not _is_quoted(text, tag))


def _is_quoted(text: str, tag: re.Match[str]) -> bool:
    before, after = text[max(0, tag.start() - 1) : tag.start()], text[tag.end() : tag.end() + 1]
    return before in _QUOTES and before == after


def _is_within(tag: re.Match[str], spans: list[Span]) -> bool:
    at = bisect(spans, (tag.start(),)) - 1
    return at >= 0 and tag.start() < spans[at][1]


def _listings(text: str, find_call: FindCall) -> list[Span]:
    """Return the code blocks that hold neither a closing tag nor a call."""
    blocks = ((start, end, text[start:end]) for start, end in _code_blocks(text))
    return [
        (start, end)
        for start, end, block in blocks
        if not any(_closes(tag) for tag in _tags(block, 0)) and find_call(block) is None
    ]


def _code_blocks(text: str) -> Iterator[Span]:
    opened, fence, at = -1, "", 0
    for line in text.split("\n"):
        if opened < 0 and (match := _FENCE.match(line)):
            opened, fence = at, match[1]
        elif opened >= 0 and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            yield opened, at + len(line)
            opened = -1
        at += len(line) + 1


def _end_of_thought(text: str, opening: re.Match[str]) -> int:
    depth = 0
    for tag in _tags(text, opening.start()):
        depth += -1 if _closes(tag) else not tag["empty"]
        if depth == 0:
            return tag.end()
    return len(text)
