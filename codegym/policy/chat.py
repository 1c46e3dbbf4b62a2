"""Turns an episode into tokens with the tokenizer's own chat template, turn by turn, and never tokenises twice.

A conversation grows by sampled answers and by observations. Sampled ids stay as they are. The text that the
template puts around an observation is determined once, by rendering a conversation with marks in the places of the
answer and the observation. This works for any template that renders a turn without looking at later ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2.exceptions import TemplateError

from codegym.errors import ConfigError
from codegym.policy.protocol import Opening
from codegym.tool.dialect.thought import is_thought_tag, opened_thought

Messages = list[dict[str, str]]

_SYSTEM_MARK = "\u241ecodegym-system\u241e"
_ANSWER_MARK, _OBSERVATION_MARK = "\u241ecodegym-answer\u241e", "\u241ecodegym-observation\u241e"


@dataclass(frozen=True)
class ChatFormat:
    """Renders openings and observations as token ids for one tokenizer."""

    tokenizer: Any

    def check(self) -> None:
        """Raise :class:`ConfigError` if the tokenizer can't render an episode turn by turn."""
        if self.tokenizer.eos_token_id is None:
            raise ConfigError("the tokenizer has no end token: set eos_token in its tokenizer_config.json")
        _ = self._around, self._has_system

    @property
    def eos_id(self) -> int:
        """The id that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    def opening_ids(self, opening: Opening) -> list[int]:
        """Return the ids before the first answer; in the native dialect they include the template's list of tools.

        If the template has no place for a system prompt, the prompt is put before the first observation.
        """
        messages = [{"role": "user", "content": opening.observation}]
        if opening.system and self._has_system:
            messages.insert(0, {"role": "system", "content": opening.system})
        elif opening.system:
            messages[0]["content"] = f"{opening.system}\n\n{opening.observation}"
        return self.ids(self._render(messages, opening.tools if opening.dialect == "native" else None))

    def observation_ids(self, observation: str, *, ended: bool) -> list[int]:
        """Return the ids between one answer and the next.

        ``ended``: the answer's sampled ids include the end token, so it is not repeated. Raises
        :class:`ConfigError` for a template that can't be used turn by turn.
        """
        before, after = self._around
        return self.ids((before.removeprefix(self.tokenizer.eos_token) if ended else before) + observation + after)

    def ids(self, text: str) -> list[int]:
        """Return the ids of ``text`` without special tokens around it."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def answer(self, ids: list[int]) -> str:
        """Return an answer's text without special tokens except tags of thoughts, the template's included."""
        visible = [id_ for id_ in ids if id_ not in self._hidden]
        text: str = self.tokenizer.decode(visible, skip_special_tokens=False)
        return opened_thought(self._around[1]) + text

    @cached_property
    def _hidden(self) -> frozenset[int]:
        """The special tokens except the tags of thoughts."""
        added = self.tokenizer.added_tokens_decoder.items()
        return frozenset(
            id_ for id_, token in added if token.special and not is_thought_tag(token.content.strip())
        )

    @cached_property
    def _has_system(self) -> bool:
        """Whether the template takes a system prompt, or mentions one and so leaves it out on purpose."""
        messages = [{"role": "system", "content": _SYSTEM_MARK}, {"role": "user", "content": "."}]
        try:
            text = self._render(messages, None)
        except ConfigError:
            return False
        return _SYSTEM_MARK in text or "system" in json.dumps(self.tokenizer.chat_template)

    @cached_property
    def _around(self) -> tuple[str, str]:
        """The template's text before and after an observation that follows an answer."""
        turns = [("user", "."), ("assistant", _ANSWER_MARK), ("user", _OBSERVATION_MARK)]
        text = self._render([{"role": role, "content": content} for role, content in turns], None)
        before, mark, after = text.rpartition(_ANSWER_MARK)[2].partition(_OBSERVATION_MARK)
        if not mark or _ANSWER_MARK not in text:
            raise ConfigError("the tokenizer's chat template drops or moves turns: use another template")
        return before, after

    def _render(self, messages: Messages, tools: list[dict[str, object]] | None) -> str:
        if not self.tokenizer.chat_template:
            raise ConfigError("the tokenizer has no chat template: use an instruct model, or set chat_template")
        try:
            text: str = self.tokenizer.apply_chat_template(
                messages, tools=tools, tokenize=False, add_generation_prompt=True
            )
        except (TemplateError, ValueError, TypeError) as error:
            raise ConfigError(f"the tokenizer's chat template can't render a conversation: {error}") from error
        return text
