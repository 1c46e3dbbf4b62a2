"""Reads chat completions as different servers write them, and keeps the fields that must be sent back.

A field that a server omits or sends as null gets its default; only a completion without a message is an error.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from codegym.tool.call import Call
from codegym.tool.cut import whole
from codegym.tool.dialect import dialect

_REASONING = ("reasoning_content", "reasoning", "reasoning_details")
"""Fields of a message that contain thoughts. A server that sends them wants them back in the next request."""

_NOTHING = "(no answer)"
"""Replaces an empty answer in the history, since some servers refuse an empty message."""

_NAME_CHARS = 64
"""The longest name of a tool that servers accept."""

_DECODER = json.JSONDecoder(strict=False)


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0


def _text(content: object) -> str:
    """Return the text of a message's content, which may be a string, a list of parts, or missing."""
    if isinstance(content, list):
        return "".join(map(_text, content))
    if isinstance(content, dict):
        return _text(content.get("text"))
    return content if isinstance(content, str) else ""


def _calls(value: object) -> list[object]:
    listed = value if isinstance(value, list) else []
    return [call for call in listed if isinstance(call, dict) and isinstance(call.get("function"), dict)]


class _ServerModel(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Function(_ServerModel):
    """A tool's name, and its arguments as the server sends them: an object, or a string that should be JSON."""

    name: Annotated[str, BeforeValidator(_text)] = ""
    arguments: Any = None

    def read(self) -> dict[str, Any] | None:
        """Return the arguments, or ``None`` if they are not a JSON object."""
        value = self.arguments.strip() if isinstance(self.arguments, str) else self.arguments
        try:
            value = whole(_DECODER.decode(value) if isinstance(value, str) and value else value or {})
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) and _strict_json(value) else None

    def valid(self) -> str:
        """Return the arguments as a JSON object for the history; invalid ones are wrapped in an object."""
        value = self.read()
        if value is None:
            return _strict_json({"not a JSON object": self.arguments}) or "{}"
        same = isinstance(self.arguments, str) and _is_strict(self.arguments)
        return self.arguments if same else _strict_json(value)


class ToolCall(_ServerModel):
    """One call of a tool in a message."""

    id: Annotated[str, BeforeValidator(_text)] = ""
    function: Function

    def text(self) -> str:
        """Return the call in the native dialect, which reports invalid arguments to the agent as malformed."""
        arguments = self.function.read()
        if arguments is not None:
            return dialect("native").format(Call(self.function.name, arguments))
        value = {"name": self.function.name, "arguments": self.function.arguments}
        return f"<tool_call>\n{json.dumps(value, ensure_ascii=False)}\n</tool_call>"

    def turn(self, number: int) -> dict[str, Any]:
        """Return the call for the history, with an id, a name and arguments that any server accepts."""
        name = re.sub(r"[^\w-]", "_", self.function.name, flags=re.ASCII)[:_NAME_CHARS] or "unknown"
        valid = {"name": name, "arguments": self.function.valid()}
        function = self.function.model_dump(exclude={"arguments"}) | valid
        fields = {"type": "function", "id": self.id or f"call_{number}", "function": function}
        return self.model_dump(exclude={"function"}) | fields


class Message(_ServerModel):
    """The assistant's message: its text and its tool calls."""

    content: Annotated[str, BeforeValidator(_text)] = ""
    tool_calls: Annotated[list[ToolCall], BeforeValidator(_calls)] = Field(default_factory=list)

    def reasoning(self) -> dict[str, Any]:
        """Return the fields with the model's thoughts, if the server separates them from the text."""
        extra = self.model_extra or {}
        return {name: extra[name] for name in _REASONING if extra.get(name) is not None}


class Choice(_ServerModel):
    """One of the completion's answers. Requests ask for one only."""

    message: Message
    finish_reason: Any = None

    @model_validator(mode="before")
    @classmethod
    def _without_message(cls, value: Any) -> Any:
        """Accept an empty answer, for which some servers omit the message."""
        silent = isinstance(value, dict) and value.get("message") is None and value.get("finish_reason")
        return {**value, "message": {}} if silent else value


class Usage(_ServerModel):
    """Token counts reported by the server."""

    prompt_tokens: Annotated[int, BeforeValidator(_count)] = 0
    completion_tokens: Annotated[int, BeforeValidator(_count)] = 0


class Answer(_ServerModel):
    """A chat completion: the answers and the token counts."""

    choices: list[Choice] = Field(min_length=1)
    usage: Annotated[Usage, BeforeValidator(lambda value: value if isinstance(value, dict) else {})] = Usage()

    def turn(self, number: int) -> dict[str, Any]:
        """Return the message for the history, the ``number``-th answer: its thoughts, its text, its first call.

        Further calls are left out, since a turn has one action.
        """
        message = self.choices[0].message
        calls = [call.turn(number) for call in message.tool_calls[:1]]
        content = message.content or ("" if calls else _NOTHING)
        tool_calls = {"tool_calls": calls} if calls else {}
        return {"role": "assistant", "content": content} | tool_calls | message.reasoning()

    def text(self) -> str:
        """Return the message's text, followed by its first call."""
        message = self.choices[0].message
        return "\n".join([message.content, *(call.text() for call in message.tool_calls[:1])]).strip()

    def is_context_full(self, max_tokens: int | None) -> bool:
        """Return whether the context was full before the answer began.

        The sign is an empty answer that ended because of its length, though it used fewer than ``max_tokens``.
        """
        choice = self.choices[0]
        if choice.finish_reason == "model_context_window_exceeded":
            return True
        silent = not self.text() and not any(choice.message.reasoning().values())
        used_up = max_tokens is not None and self.usage.completion_tokens >= max_tokens
        return choice.finish_reason == "length" and silent and not used_up


def read_body(body: bytes) -> Any:
    """Return a response's body as JSON, lone surrogates replaced. Raises ``ValueError`` if it is not JSON."""
    try:
        return whole(json.loads(body.decode("utf-8-sig", "replace")))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def error_in(value: Any) -> Any:
    """Return the error in the body of a response with a success status, or ``None`` if there is none."""
    if not isinstance(value, dict):
        return None
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("error") if isinstance(first, dict) else value.get("error")


def _strict_json(value: object) -> str:
    """Return ``value`` as strict JSON; empty if that is not possible."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return ""


def _is_strict(text: str) -> bool:
    """Return whether ``text`` is strict JSON, which every server reads in the same way."""
    try:
        value = json.loads(text)
        return bool(_strict_json(value)) and whole(value) == value
    except (ValueError, RecursionError):
        return False
