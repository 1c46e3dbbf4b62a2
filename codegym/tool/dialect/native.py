"""Tool calls in the form of chat templates and chat APIs: JSON, in ``<tool_call>`` tags or as OpenAI writes it.

The tools' schemas reach the model through ``tokenizer.apply_chat_template(tools=…)`` or the API's ``tools``
field, so the system prompt does not describe them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.cut import whole
from codegym.tool.dialect.text import SETTING
from codegym.tool.dialect.thought import Span, without_thoughts
from codegym.tool.spec import Tool

_OPEN = re.compile(r"<tool_call>\s*")
_EXPECTED = 'Expected one tool call: <tool_call>{"name": …, "arguments": {…}}</tool_call>.'
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Native:
    """The native dialect: ``<tool_call>{"name": "view", "arguments": {"path": "a.py"}}</tool_call>``."""

    name: str = "native"

    def offers(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """Return all tools except the compact ones."""
        return tuple(tool for tool in tools if not tool.compact)

    def system(self, tools: Sequence[Tool]) -> str:
        """Return the task's setting and the tools' names; the chat template describes the tools."""
        names = ", ".join(tool.name for tool in self.offers(tools))
        return f"{SETTING}\nCall exactly one tool in every turn: {names}."

    def parse(self, text: str) -> Call | Malformed:
        """Read a call in the tags of Hermes and Qwen, in an OpenAI message's ``tool_calls``, or as plain JSON."""
        text = without_thoughts(text, _find_call)
        try:
            calls = [_DECODER.raw_decode(text, match.end())[0] for match in _starts(text)]
            if not calls:
                calls = _bare(text)
        except (ValueError, RecursionError) as error:
            return Malformed(f"The tool call is not valid JSON ({error}). {_EXPECTED}")
        if len(calls) != 1:
            return Malformed(f"Found {len(calls)} tool calls. {_EXPECTED}")
        return _call(calls[0])

    def format(self, call: Call) -> str:
        """Return the call in tags."""
        value = {"name": call.tool, "arguments": dict(call.arguments)}
        return f"<tool_call>\n{json.dumps(value, ensure_ascii=False)}\n</tool_call>"

    def render(self, result: ToolResult) -> str:
        """Return the full text."""
        return result.text


def _starts(text: str) -> list[re.Match[str]]:
    """Return the opening tags of calls, except tags inside another call's JSON."""
    starts: list[re.Match[str]] = []
    match = _OPEN.search(text)
    while match:
        starts.append(match)
        try:
            end = _DECODER.raw_decode(text, match.end())[1]
        except (ValueError, RecursionError):
            return starts
        match = _OPEN.search(text, end)
    return starts


def _find_call(text: str) -> Span | None:
    try:
        if _bare(text):
            return 0, len(text)
    except (ValueError, RecursionError):
        pass
    for match in _OPEN.finditer(text):
        try:
            return match.start(), _DECODER.raw_decode(text, match.end())[1]
        except (ValueError, RecursionError):
            continue
    return None


def _bare(text: str) -> list[Any]:
    text = text.strip()
    if text[:1] not in ("{", "["):
        return []
    value = _DECODER.decode(text)
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    return value if isinstance(value, list) else [value]


def _call(value: Any) -> Call | Malformed:
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return Malformed(f"The tool call has no name. {_EXPECTED}")
    arguments = value.get("arguments", value.get("parameters")) or {}
    if isinstance(arguments, str):
        try:
            arguments = _DECODER.decode(arguments)
        except (ValueError, RecursionError) as error:
            return Malformed(f"The arguments are not valid JSON ({error}). {_EXPECTED}")
    if not isinstance(arguments, dict):
        return Malformed(f"The arguments are no JSON object. {_EXPECTED}")
    try:
        return Call(whole(value["name"]), whole(arguments))
    except RecursionError as error:
        return Malformed(f"The arguments can't be read ({error}). {_EXPECTED}")
