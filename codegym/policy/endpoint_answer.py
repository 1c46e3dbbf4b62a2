"""The part of a chat completion that we read. What a server adds is kept where it must be sent back."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codegym.tool.call import Call
from codegym.tool.dialect import dialect


class _Answered(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Function(_Answered):
    """A tool's name, and its arguments as the model wrote them: JSON, one hopes."""

    name: str
    arguments: str = "{}"


class ToolCall(_Answered):
    """One call of a tool."""

    id: str = ""
    function: Function

    def text(self) -> str:
        """Return the call as the native dialect writes it, which reads wrong arguments as malformed."""
        try:
            arguments = json.loads(self.function.arguments)
        except (ValueError, RecursionError):
            arguments = self.function.arguments
        if isinstance(arguments, dict):
            return dialect("native").format(Call(self.function.name, arguments))
        value = {"name": self.function.name, "arguments": self.function.arguments}
        return f"<tool_call>\n{json.dumps(value, ensure_ascii=False)}\n</tool_call>"


class Message(_Answered):
    """What the assistant says."""

    content: str | None = None
    tool_calls: list[ToolCall] | None = None


class Choice(_Answered):
    """One of the answers; one is asked for."""

    message: Message


class Usage(_Answered):
    """Token counts, as the server counts."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Answer(_Answered):
    """A chat completion."""

    choices: list[Choice] = Field(min_length=1)
    usage: Usage | None = None

    def turn(self) -> dict[str, Any]:
        """Return the message for the history: the text and the first call, since one action is done a turn."""
        message = self.choices[0].message
        calls = [call.model_dump() for call in (message.tool_calls or [])[:1]]
        return {"role": "assistant", "content": message.content or ""} | ({"tool_calls": calls} if calls else {})

    def text(self) -> str:
        """Return the message as one text, with the first call in it."""
        message = self.choices[0].message
        calls = [call.text() for call in (message.tool_calls or [])[:1]]
        return "\n".join([message.content or "", *calls]).strip()
