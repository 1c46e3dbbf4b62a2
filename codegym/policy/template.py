"""What a tokenizer's chat template can render, found out by rendering: texts, roles, tools, earlier turns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jinja2.exceptions import TemplateError

from codegym.errors import ConfigError

Messages = list[dict[str, str]]

_SYSTEM_MARK, _TOOL_MARK = "\u241ecodegym-system\u241e", "codegym_tool"
_ANSWER_MARK, _OBSERVATION_MARK = "\u241ecodegym-answer\u241e", "\u241ecodegym-observation\u241e"


@dataclass(frozen=True)
class Template:
    """The chat template of a tokenizer. Methods raise :class:`ConfigError` if it can't render at all."""

    tokenizer: Any
    _around: dict[str, tuple[str, str] | None] = field(default_factory=dict)

    def render(self, messages: Messages, tools: list[dict[str, object]] | None = None) -> str:
        """Return the text of a conversation, up to where the next answer begins."""
        if not self.tokenizer.chat_template:
            raise ConfigError("the tokenizer has no chat template: use an instruct model, or set chat_template")
        try:
            text: str = self.tokenizer.apply_chat_template(
                messages, tools=tools, tokenize=False, add_generation_prompt=True
            )
        except (TemplateError, ValueError, TypeError) as error:
            raise ConfigError(f"the tokenizer's chat template can't render a conversation: {error}") from error
        return text

    def around(self, role: str) -> tuple[str, str] | None:
        """Return the text before and after an observation that follows an answer.

        ``None`` if the template drops or moves turns. Right for any template that renders a turn without looking
        at later ones.
        """
        if role not in self._around:
            turns = [("user", "."), ("assistant", _ANSWER_MARK), (role, _OBSERVATION_MARK)]
            text = self.render([{"role": role, "content": content} for role, content in turns])
            before, mark, after = text.rpartition(_ANSWER_MARK)[2].partition(_OBSERVATION_MARK)
            self._around[role] = (before, after) if mark and _ANSWER_MARK in text else None
        return self._around[role]

    @property
    def shows_observations(self) -> bool:
        """Whether the template shows what the user says."""
        return _OBSERVATION_MARK in self.render([{"role": "user", "content": _OBSERVATION_MARK}])

    @cached_property
    def has_system(self) -> bool:
        """Whether the template takes a system prompt, or mentions one and so leaves it out on purpose."""
        text = self._try([{"role": "system", "content": _SYSTEM_MARK}, {"role": "user", "content": "."}])
        return text is not None and (_SYSTEM_MARK in text or "system" in self._source)

    @cached_property
    def has_tools(self) -> bool:
        """Whether the template shows the schemas of tools."""
        function = {"name": _TOOL_MARK, "description": ".", "parameters": {"type": "object", "properties": {}}}
        text = self._try([{"role": "user", "content": "."}], [{"type": "function", "function": function}])
        return text is not None and _TOOL_MARK in text

    @cached_property
    def has_tool_role(self) -> bool:
        """Whether the template has a turn for results of tools, and does not need calls in a form of its own."""
        if not re.search(r"""\\?["']tool\\?["']""", self._source):
            return False
        try:
            return self.around("tool") is not None
        except ConfigError:
            return False

    @property
    def _source(self) -> str:
        return json.dumps(self.tokenizer.chat_template)

    def _try(self, messages: Messages, tools: list[dict[str, object]] | None = None) -> str | None:
        try:
            return self.render(messages, tools)
        except ConfigError:
            return None


def is_continued(text: str, rendered: str) -> bool:
    """Return whether ``rendered`` is the conversation ``text``; templates may trim white space around turns."""
    return "".join(text.split()) == "".join(rendered.split())
