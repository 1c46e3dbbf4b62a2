"""The part of a chat completion that we read, as servers write it. What must be sent back is kept.

What a server leaves out, or sends as null, counts as not there; only an answer without a message is none.
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
"""Fields of a message with what the model thought: servers that send them want them back with the next request."""

_NOTHING = "(no answer)"
"""Stands in the history for an answer without text: some servers refuse an empty message."""

_NAME_CHARS = 64
"""The longest name of a tool that servers take back."""

_DECODER = json.JSONDecoder(strict=False)


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0


def _text(content: object) -> str:
    """Return the text of a message's content, which is a text, a list of parts, or nothing."""
    if isinstance(content, list):
        return "".join(map(_text, content))
    if isinstance(content, dict):
        return _text(content.get("text"))
    return content if isinstance(content, str) else ""


def _calls(value: object) -> list[object]:
    listed = value if isinstance(value, list) else []
    return [call for call in listed if isinstance(call, dict) and isinstance(call.get("function"), dict)]


class _Answered(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Function(_Answered):
    """A tool's name, and its arguments as the server sends them: JSON in a text, one hopes, or an object."""

    name: Annotated[str, BeforeValidator(_text)] = ""
    arguments: Any = None

    def read(self) -> dict[str, Any] | None:
        """Return the arguments, ``None`` if they are no JSON object."""
        value = self.arguments.strip() if isinstance(self.arguments, str) else self.arguments
        try:
            value = whole(_DECODER.decode(value) if isinstance(value, str) and value else value or {})
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) and _written(value) else None

    def valid(self) -> str:
        """Return the arguments as a JSON object, which the history must hold; broken ones as a text in it."""
        value = self.read()
        if value is None:
            return _written({"not a JSON object": self.arguments}) or "{}"
        same = isinstance(self.arguments, str) and _is_strict(self.arguments)
        return self.arguments if same else _written(value)


class ToolCall(_Answered):
    """One call of a tool."""

    id: Annotated[str, BeforeValidator(_text)] = ""
    function: Function

    def text(self) -> str:
        """Return the call as the native dialect writes it, which reads wrong arguments as malformed."""
        arguments = self.function.read()
        if arguments is not None:
            return dialect("native").format(Call(self.function.name, arguments))
        value = {"name": self.function.name, "arguments": self.function.arguments}
        return f"<tool_call>\n{json.dumps(value, ensure_ascii=False)}\n</tool_call>"

    def turn(self, number: int) -> dict[str, Any]:
        """Return the call for the history: with an id, a name and arguments that any server takes."""
        name = re.sub(r"[^\w-]", "_", self.function.name, flags=re.ASCII)[:_NAME_CHARS] or "unknown"
        valid = {"name": name, "arguments": self.function.valid()}
        function = self.function.model_dump(exclude={"arguments"}) | valid
        known = {"type": "function", "id": self.id or f"call_{number}", "function": function}
        return self.model_dump(exclude={"function"}) | known


class Message(_Answered):
    """What the assistant says."""

    content: Annotated[str, BeforeValidator(_text)] = ""
    tool_calls: Annotated[list[ToolCall], BeforeValidator(_calls)] = Field(default_factory=list)

    def reasoning(self) -> dict[str, Any]:
        """Return what the model thought, as far as the server tells it apart from the text."""
        extra = self.model_extra or {}
        return {name: extra[name] for name in _REASONING if extra.get(name) is not None}


class Choice(_Answered):
    """One of the answers; one is asked for."""

    message: Message
    finish_reason: Any = None

    @model_validator(mode="before")
    @classmethod
    def _without_message(cls, value: Any) -> Any:
        """Read an answer that ended before it said anything: some servers leave its message out."""
        silent = isinstance(value, dict) and value.get("message") is None and value.get("finish_reason")
        return {**value, "message": {}} if silent else value


class Usage(_Answered):
    """Token counts, as the server counts."""

    prompt_tokens: Annotated[int, BeforeValidator(_count)] = 0
    completion_tokens: Annotated[int, BeforeValidator(_count)] = 0


class Answer(_Answered):
    """A chat completion."""

    choices: list[Choice] = Field(min_length=1)
    usage: Annotated[Usage, BeforeValidator(lambda value: value if isinstance(value, dict) else {})] = Usage()

    def turn(self, number: int) -> dict[str, Any]:
        """Return the message for the history, the ``number``-th answer: its thoughts, its text, its first call.

        One call, since one action is done a turn.
        """
        message = self.choices[0].message
        calls = [call.turn(number) for call in message.tool_calls[:1]]
        content = message.content or ("" if calls else _NOTHING)
        told = {"tool_calls": calls} if calls else {}
        return {"role": "assistant", "content": content} | told | message.reasoning()

    def text(self) -> str:
        """Return the message as one text, with the first call in it."""
        message = self.choices[0].message
        return "\n".join([message.content, *(call.text() for call in message.tool_calls[:1])]).strip()

    def found_no_room(self, max_tokens: int | None) -> bool:
        """Return whether the context was full before the answer began.

        Then its length ended an answer without a word, which has not used up ``max_tokens`` either.
        """
        choice = self.choices[0]
        if choice.finish_reason == "model_context_window_exceeded":
            return True
        silent = not self.text() and not any(choice.message.reasoning().values())
        used_up = max_tokens is not None and self.usage.completion_tokens >= max_tokens
        return choice.finish_reason == "length" and silent and not used_up


def read_body(body: bytes) -> Any:
    """Read a response's body as JSON without broken characters. Raises ``ValueError`` if it is none."""
    try:
        return whole(json.loads(body.decode("utf-8-sig", "replace")))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def error_in(value: Any) -> Any:
    """Return the error that a body with the status of a success holds, ``None`` if it holds none."""
    if not isinstance(value, dict):
        return None
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("error") if isinstance(first, dict) else value.get("error")


def _written(value: object) -> str:
    """Return ``value`` as strict JSON; empty if it can't be written."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return ""


def _is_strict(text: str) -> bool:
    """Return whether any server reads in ``text`` what we read in it."""
    try:
        value = json.loads(text)
        return bool(_written(value)) and whole(value) == value
    except (ValueError, RecursionError):
        return False
