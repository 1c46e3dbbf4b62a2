"""How an episode becomes tokens: a tokenizer's own chat template, turn by turn, nothing tokenised twice.

A conversation grows by what was sampled and by what was observed. What was sampled stays as it is, id by id;
what a template puts around an observation is found once, by rendering a conversation with marks in the places
of the answer and the observation. This holds for any template that renders a turn without looking ahead.
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

_TOLD = "\u241ecodegym-told\u241e"
_SAID, _SEEN = "\u241ecodegym-said\u241e", "\u241ecodegym-seen\u241e"


@dataclass(frozen=True)
class ChatFormat:
    """Renders openings and observations for one tokenizer."""

    tokenizer: Any

    def check(self) -> None:
        """Raise :class:`ConfigError` for a tokenizer with which no episode can be rendered turn by turn."""
        if self.tokenizer.eos_token_id is None:
            raise ConfigError("the tokenizer has no end token: set eos_token in its tokenizer_config.json")
        _ = self._around, self._has_system

    @property
    def eos_id(self) -> int:
        """The id that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    def opening_ids(self, opening: Opening) -> list[int]:
        """Return the ids of everything before the first answer; native tools are for the template to explain.

        Where the template has no place for a system prompt, it stands before the first observation.
        """
        messages = [{"role": "user", "content": opening.observation}]
        if opening.system and self._has_system:
            messages.insert(0, {"role": "system", "content": opening.system})
        elif opening.system:
            messages[0]["content"] = f"{opening.system}\n\n{opening.observation}"
        return self.ids(self._render(messages, opening.tools if opening.dialect == "native" else None))

    def observation_ids(self, observation: str, *, ended: bool) -> list[int]:
        """Return the ids between one answer and the next.

        ``ended`` says that the answer's sampled ids include the end token, which is then not repeated. Raises
        :class:`ConfigError` for a template that can't be used turn by turn.
        """
        before, after = self._around
        return self.ids((before.removeprefix(self.tokenizer.eos_token) if ended else before) + observation + after)

    def ids(self, text: str) -> list[int]:
        """Return the ids of ``text``, nothing added."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def answer(self, ids: list[int]) -> str:
        """Return an answer's text without special tokens, but with the tags of thoughts, the template's too."""
        shown = [id_ for id_ in ids if id_ not in self._hidden]
        text: str = self.tokenizer.decode(shown, skip_special_tokens=False)
        return opened_thought(self._around[1]) + text

    @cached_property
    def _hidden(self) -> frozenset[int]:
        """The special tokens, but for tags of thoughts."""
        added = self.tokenizer.added_tokens_decoder.items()
        return frozenset(
            id_ for id_, token in added if token.special and not is_thought_tag(token.content.strip())
        )

    @cached_property
    def _has_system(self) -> bool:
        """Whether the template takes a system prompt, or leaves it out on purpose, which it then speaks of."""
        messages = [{"role": "system", "content": _TOLD}, {"role": "user", "content": "."}]
        try:
            text = self._render(messages, None)
        except ConfigError:
            return False
        return _TOLD in text or "system" in json.dumps(self.tokenizer.chat_template)

    @cached_property
    def _around(self) -> tuple[str, str]:
        """What the template puts before and after an observation that follows an answer."""
        turns = [("user", "."), ("assistant", _SAID), ("user", _SEEN)]
        text = self._render([{"role": role, "content": content} for role, content in turns], None)
        before, found, after = text.rpartition(_SAID)[2].partition(_SEEN)
        if not found or _SAID not in text:
            raise ConfigError("the tokenizer's chat template drops or moves turns: give it another template")
        return before, after

    def _render(self, messages: Messages, tools: list[dict[str, object]] | None) -> str:
        if not self.tokenizer.chat_template:
            raise ConfigError("the tokenizer has no chat template: take an instruct model, or set chat_template")
        try:
            text: str = self.tokenizer.apply_chat_template(
                messages, tools=tools, tokenize=False, add_generation_prompt=True
            )
        except (TemplateError, ValueError, TypeError) as error:
            raise ConfigError(f"the tokenizer's chat template can't render a conversation: {error}") from error
        return text
