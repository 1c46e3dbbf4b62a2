"""Tool calls in tags, for any model that can write text::

    <tool name="replace"><path>a.py</path><old>x < 1</old><new>x <= 1</new></tool>

Values are verbatim: nothing is escaped. If a value begins with a line break, that one and one at its end are
removed, so that code can be on lines of its own. The text around the call is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.dialect.text import SETTING
from codegym.tool.dialect.thought import Span, without_thoughts
from codegym.tool.spec import Tool

_OPEN = re.compile(r"""<tool\s+name\s*=\s*["']?([\w.-]+)["']?\s*(/?)>""")
_ARGUMENT = re.compile(r"\s*<([A-Za-z_]\w*)>")
_CLOSE = re.compile(r"\s*</tool\s*>")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_EXPECTED = 'Expected one call like <tool name="view"><path>a.py</path></tool>.'


@dataclass(frozen=True)
class Tagged:
    """The tagged dialect: ``<tool name="view"><path>a.py</path></tool>``, with free text around it."""

    name: str = "tagged"

    def offers(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """Return all tools except the compact ones."""
        return tuple(tool for tool in tools if not tool.compact)

    def system(self, tools: Sequence[Tool]) -> str:
        """Return the task's setting, the form of a call and a description of every tool."""
        tool_list = "\n".join(_describe(tool) for tool in self.offers(tools))
        form = 'Write exactly one call per turn, for example:\n<tool name="view"><path>src/a.py</path></tool>'
        values = "Values are verbatim; code may begin on a line of its own."
        return f"{SETTING}\n\n{form}\n{values}\n\nTools (? may be left out; paths start at the root):\n{tool_list}"

    def parse(self, text: str) -> Call | Malformed:
        """Read the one call in ``text``."""
        text = without_thoughts(text, _find_call)
        match = _OPEN.search(text)
        if match is None:
            return Malformed(f"There is no call in your answer. {_EXPECTED}")
        parsed = ({}, match.end()) if match[2] else _arguments(text, match.end())
        if isinstance(parsed, Malformed):
            return parsed
        arguments, end = parsed
        if _OPEN.search(text, end):
            return Malformed(f"There is more than one call in your answer. {_EXPECTED}")
        return Call(match[1], arguments)

    def format(self, call: Call) -> str:
        """Return the call in tags; a list is written with one value per line."""
        inner = "".join(f"<{name}>{_wrap(name, _text(value))}</{name}>" for name, value in call.arguments.items())
        return f'<tool name="{call.tool}">{inner}</tool>'

    def render(self, result: ToolResult) -> str:
        """Return the full text."""
        return result.text


def _describe(tool: Tool) -> str:
    """Return the tool's name, its parameters and what it does, which also says what they mean."""
    required = tool.required()
    names = "".join(f" <{name}>{'' if name in required else '?'}" for name in tool.parameters())
    return f"- {tool.name}{names}: {' '.join(tool.description.split())}"


def _find_call(text: str) -> Span | None:
    for match in _OPEN.finditer(text):
        parsed = ({}, match.end()) if match[2] else _arguments(text, match.end())
        if not isinstance(parsed, Malformed):
            return match.start(), parsed[1]
    return None


def _arguments(text: str, at: int) -> tuple[dict[str, object], int] | Malformed:
    arguments: dict[str, object] = {}
    while (end_tag := _CLOSE.match(text, at)) is None:
        start_tag = _ARGUMENT.match(text, at)
        if start_tag is None:
            return Malformed(f"Expected an argument or </tool> at {text[at : at + 40]!r}. {_EXPECTED}")
        name = start_tag[1]
        value = _value(text, start_tag.end(), f"</{name}>")
        if value is None:
            return Malformed(f"<{name}> is not closed by </{name}>. {_EXPECTED}")
        if name in arguments:
            return Malformed(f"<{name}> stands twice. {_EXPECTED}")
        arguments[name], at = value
    return arguments, end_tag.end()


def _value(text: str, at: int, closing: str) -> tuple[str, int] | None:
    if text.startswith(_CDATA, at):
        return _cdata(text, at, closing)
    end = text.find(closing, at)
    if end < 0:
        return None
    value = text[at:end]
    if value.startswith("\n"):
        value = value[1:].removesuffix("\n")
    return value, end + len(closing)


def _cdata(text: str, at: int, closing: str) -> tuple[str, int] | None:
    parts: list[str] = []
    while text.startswith(_CDATA, at):
        end = text.find(_CDATA_END, at)
        if end < 0:
            return None
        parts.append(text[at + len(_CDATA) : end])
        at = end + len(_CDATA_END)
    return ("".join(parts), at + len(closing)) if text.startswith(closing, at) else None


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _wrap(name: str, value: str) -> str:
    if f"</{name}>" in value or value.startswith(_CDATA):
        return _CDATA + value.replace(_CDATA_END, f"]]{_CDATA_END}{_CDATA}>") + _CDATA_END
    return f"\n{value}\n" if "\n" in value else value
